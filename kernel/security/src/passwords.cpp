// SPDX-License-Identifier: Apache-2.0
#include "fairlead/security/passwords.hpp"

#include "fairlead/base/id.hpp"
#include "fairlead/base/text.hpp"

#include <openssl/evp.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <vector>

namespace fairlead::security {

using base::Errc;
using base::Error;

namespace {

struct Cost {
    std::uint64_t log_n = 15;
    std::uint64_t r = 8;
    std::uint64_t p = 1;
};

constexpr Cost kCost;
constexpr std::size_t kSaltBytes = 16;
constexpr std::size_t kHashBytes = 32;
/// Memory that one hash may take; also refuses stored costs that nobody of us wrote.
constexpr std::uint64_t kMemoryMax = 256U << 20;

struct Stored {
    Cost cost;
    std::vector<std::uint8_t> salt;
    std::string hash;
};

std::optional<std::string> derive(std::string_view password, const std::vector<std::uint8_t>& salt,
                                  const Cost& cost) {
    std::vector<std::uint8_t> out(kHashBytes);
    if (EVP_PBE_scrypt(password.data(), password.size(), salt.data(), salt.size(),
                       std::uint64_t{1} << cost.log_n, cost.r, cost.p, kMemoryMax, out.data(),
                       out.size()) != 1) {
        return std::nullopt;
    }
    return base::toHex(out);
}

std::optional<Stored> parse(std::string_view text) {
    std::array<std::string_view, 6> parts;
    if (std::count(text.begin(), text.end(), '$') != parts.size() - 1) {
        return std::nullopt;
    }
    for (std::size_t i = 0; i < parts.size(); ++i) {
        const std::size_t end = std::min(text.find('$'), text.size());
        parts[i] = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    Stored stored;
    const std::array targets{&stored.cost.log_n, &stored.cost.r, &stored.cost.p};
    for (std::size_t i = 0; i < targets.size(); ++i) {
        const std::string_view part = parts[i + 1];
        const auto [end, error] =
            std::from_chars(part.data(), part.data() + part.size(), *targets[i]);
        if (error != std::errc{} || end != part.data() + part.size()) {
            return std::nullopt;
        }
    }
    auto salt = base::fromHex(parts[4]);
    if (parts[0] != "scrypt" || !salt || salt->empty() || stored.cost.log_n < 1 ||
        stored.cost.log_n > 24 || parts[5].size() != 2 * kHashBytes) {
        return std::nullopt;
    }
    stored.salt = std::move(*salt);
    stored.hash = parts[5];
    return stored;
}

} // namespace

std::string hashPassword(std::string_view password) {
    std::vector<std::uint8_t> salt(kSaltBytes);
    FL_ASSERT(RAND_bytes(salt.data(), static_cast<int>(salt.size())) == 1);
    const auto hash = derive(password, salt, kCost);
    FL_ASSERT(hash.has_value());
    return "scrypt$" + std::to_string(kCost.log_n) + "$" + std::to_string(kCost.r) + "$" +
           std::to_string(kCost.p) + "$" + base::toHex(salt) + "$" + *hash;
}

bool verifyPassword(std::string_view stored, std::string_view password) {
    const auto parsed = parse(stored);
    if (!parsed) {
        return false;
    }
    const auto hash = derive(password, parsed->salt, parsed->cost);
    return hash && base::equalSecret(*hash, parsed->hash);
}

bool needsRehash(std::string_view stored) {
    const auto parsed = parse(stored);
    return !parsed || parsed->cost.log_n < kCost.log_n || parsed->cost.r < kCost.r ||
           parsed->cost.p < kCost.p;
}

base::Status checkPassword(std::string_view password, std::string_view username) {
    const auto count = base::countCharacters(password);
    if (!count || *count < kPasswordCharsMin || *count > kPasswordCharsMax) {
        return Error(Errc::Invalid, "user.password",
                     "The password must have " + std::to_string(kPasswordCharsMin) + " to " +
                         std::to_string(kPasswordCharsMax) + " characters");
    }
    if (password == username) {
        return Error(Errc::Invalid, "user.password", "The password must not be the user name");
    }
    return {};
}

std::string randomPassword() {
    // 56 characters, without 0 O 1 I l and such.
    constexpr std::string_view kCharacters =
        "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    std::string out;
    while (out.size() < 16) {
        unsigned char byte = 0;
        FL_ASSERT(RAND_bytes(&byte, 1) == 1);
        // Values above the last whole multiple would favour the first characters.
        if (byte < 256 / kCharacters.size() * kCharacters.size()) {
            out += kCharacters[byte % kCharacters.size()];
        }
    }
    return out;
}

} // namespace fairlead::security
