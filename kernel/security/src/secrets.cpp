// SPDX-License-Identifier: Apache-2.0
#include "fairlead/security/secrets.hpp"

#include "base64.hpp"
#include "fairlead/base/id.hpp"
#include "fairlead/base/text.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace fairlead::security {

using base::Errc;
using base::Error;

namespace {

constexpr std::size_t kKeyBytes = 32;
constexpr std::size_t kNonceBytes = 12;
constexpr std::size_t kTagBytes = 16;
constexpr std::string_view kVersion = "v1:";

Error ioError(const std::string& what, const std::filesystem::path& path) {
    return Error::io("Cannot " + what + " the key file " + path.string() + ": " +
                     std::strerror(errno));
}

class Descriptor {
public:
    explicit Descriptor(int fd) : fd_(fd) {}
    ~Descriptor() {
        if (fd_ >= 0) {
            ::close(fd_);
        }
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    int get() const { return fd_; }

private:
    int fd_;
};

// Complete before it has its name, so that a crash leaves no half key behind.
base::Status makeKeyFile(const std::filesystem::path& path) {
    std::error_code error;
    if (path.has_parent_path()) {
        std::filesystem::create_directories(path.parent_path(), error);
    }
    const std::string text = base::randomHex(kKeyBytes) + "\n";
    const std::string draft = path.string() + "." + base::randomHex(4);
    {
        const Descriptor file(::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
        if (file.get() < 0) {
            return ioError("make", path);
        }
        if (::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()) ||
            ::fsync(file.get()) != 0) {
            ::unlink(draft.c_str());
            return ioError("write", path);
        }
    }
    // link instead of rename: of two processes that start at the same time the first one's key
    // stays.
    const bool linked = ::link(draft.c_str(), path.c_str()) == 0 || errno == EEXIST;
    ::unlink(draft.c_str());
    if (!linked) {
        return ioError("make", path);
    }
    const Descriptor directory(
        ::open(path.has_parent_path() ? path.parent_path().c_str() : ".", O_RDONLY | O_CLOEXEC));
    if (directory.get() < 0 || ::fsync(directory.get()) != 0) {
        return ioError("sync the folder of", path);
    }
    return {};
}

base::Result<std::string> readKeyFile(const std::filesystem::path& path) {
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat facts {};
    if (file.get() < 0 || ::fstat(file.get(), &facts) != 0) {
        return ioError("read", path);
    }
    if ((facts.st_mode & 077) != 0) {
        return Error(Errc::Forbidden, "secrets.open_to_others",
                     "Others may read the key file " + path.string() +
                         "; take that away (chmod 600) and change the secrets it protects");
    }
    std::array<char, 2 * kKeyBytes + 2> text{};
    const ssize_t n = ::read(file.get(), text.data(), text.size());
    const auto key = base::fromHex(
        base::trim(std::string_view(text.data(), n > 0 ? static_cast<std::size_t>(n) : 0)));
    OPENSSL_cleanse(text.data(), text.size());
    if (!key || key->size() != kKeyBytes) {
        return Error(Errc::Malformed, "secrets.malformed",
                     "The key file " + path.string() +
                         " holds no key; bring it back from a backup, because what it encrypted "
                         "cannot be read without it");
    }
    return std::string(key->begin(), key->end());
}

struct FreeContext {
    void operator()(EVP_CIPHER_CTX* context) const noexcept { EVP_CIPHER_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_CIPHER_CTX, FreeContext>;

unsigned char* bytes(std::string& text) {
    return reinterpret_cast<unsigned char*>(text.data());
}
const unsigned char* bytes(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

} // namespace

Secrets::Secrets(std::string key) : key_(std::move(key)) {}

Secrets::~Secrets() {
    OPENSSL_cleanse(key_.data(), key_.size());
}

base::Result<std::unique_ptr<Secrets>> Secrets::open(const std::filesystem::path& key_file) {
    if (!std::filesystem::exists(key_file)) {
        FL_TRY(makeKeyFile(key_file));
    }
    FL_ASSIGN(std::string key, readKeyFile(key_file));
    return std::unique_ptr<Secrets>(new Secrets(std::move(key)));
}

std::string Secrets::seal(std::string_view plain, std::string_view context) const {
    std::string nonce(kNonceBytes, '\0');
    FL_ASSERT(RAND_bytes(bytes(nonce), static_cast<int>(nonce.size())) == 1);
    const Context cipher(EVP_CIPHER_CTX_new());
    std::string out(plain.size(), '\0');
    std::string tag(kTagBytes, '\0');
    int n = 0;
    FL_ASSERT(EVP_EncryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr,
                                 bytes(std::string_view(key_)), bytes(nonce)) == 1);
    FL_ASSERT(EVP_EncryptUpdate(cipher.get(), nullptr, &n, bytes(context),
                                static_cast<int>(context.size())) == 1);
    FL_ASSERT(EVP_EncryptUpdate(cipher.get(), bytes(out), &n, bytes(plain),
                                static_cast<int>(plain.size())) == 1);
    FL_ASSERT(EVP_EncryptFinal_ex(cipher.get(), bytes(out) + n, &n) == 1);
    FL_ASSERT(EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, kTagBytes, tag.data()) == 1);
    return std::string(kVersion) + toBase64(nonce + out + tag);
}

base::Result<std::string> Secrets::unseal(std::string_view sealed, std::string_view context) const {
    const std::size_t colon = sealed.find(':');
    if (colon == std::string_view::npos || sealed[0] != 'v') {
        return Error(Errc::Malformed, "A stored secret has no version");
    }
    if (sealed.substr(0, colon + 1) != kVersion) {
        return Error(Errc::Version, "A stored secret was encrypted by a newer version");
    }
    auto raw = fromBase64(sealed.substr(colon + 1));
    const Error wrong(Errc::Malformed,
                      "A stored secret cannot be decrypted: it was changed, or encrypted with "
                      "another key file");
    if (!raw || raw->size() < kNonceBytes + kTagBytes) {
        return wrong;
    }
    std::string tag = raw->substr(raw->size() - kTagBytes);
    const std::string_view body =
        std::string_view(*raw).substr(kNonceBytes, raw->size() - kNonceBytes - kTagBytes);
    const Context cipher(EVP_CIPHER_CTX_new());
    std::string out(body.size(), '\0');
    int n = 0;
    const bool ok =
        EVP_DecryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, bytes(std::string_view(key_)),
                           bytes(*raw)) == 1 &&
        EVP_DecryptUpdate(cipher.get(), nullptr, &n, bytes(context),
                          static_cast<int>(context.size())) == 1 &&
        EVP_DecryptUpdate(cipher.get(), bytes(out), &n, bytes(body),
                          static_cast<int>(body.size())) == 1 &&
        EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, kTagBytes, tag.data()) == 1 &&
        EVP_DecryptFinal_ex(cipher.get(), bytes(out) + n, &n) == 1;
    if (!ok) {
        return wrong;
    }
    return out;
}

} // namespace fairlead::security
