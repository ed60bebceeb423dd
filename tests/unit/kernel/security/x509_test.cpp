// SPDX-License-Identifier: Apache-2.0
#include "fairlead/security/x509.hpp"

#include <cppunit/extensions/HelperMacros.h>

using namespace fairlead::security;
using fairlead::base::utcNow;

namespace {

constexpr std::int64_t kDay = 86'400'000;

KeyPair make(const std::vector<std::string>& hosts, int days = 30) {
    return std::move(makeSelfSigned(hosts, days)).value();
}

template <typename T>
std::string codeOf(const fairlead::base::Result<T>& result) {
    return result ? "ok" : result.error().code();
}

} // namespace

class X509Test : public CppUnit::TestFixture {
    CPPUNIT_TEST_SUITE(X509Test);
    CPPUNIT_TEST(readsFacts);
    CPPUNIT_TEST(checksKeys);
    CPPUNIT_TEST(checksOrder);
    CPPUNIT_TEST(checksDates);
    CPPUNIT_TEST(refusesBadPem);
    CPPUNIT_TEST(refusesBadHosts);
    CPPUNIT_TEST_SUITE_END();

public:
    void readsFacts() {
        const KeyPair pair = make({"iot.example.com", "192.0.2.1", "2001:db8::1", "*.example.com"});
        const auto facts = inspectChain(pair.chain);
        CPPUNIT_ASSERT(facts);
        CPPUNIT_ASSERT_EQUAL(std::string("CN=iot.example.com"), facts->subject);
        CPPUNIT_ASSERT_EQUAL(facts->subject, facts->issuer);
        CPPUNIT_ASSERT(
            facts->names ==
            (std::vector<std::string>{"iot.example.com", "192.0.2.1",
                                      "2001:0db8:0000:0000:0000:0000:0000:0001", "*.example.com"}));
        CPPUNIT_ASSERT(facts->self_signed);
        CPPUNIT_ASSERT_EQUAL(std::size_t{1}, facts->chain_length);
        CPPUNIT_ASSERT_EQUAL(std::size_t{64}, facts->fingerprint.size());
        CPPUNIT_ASSERT(facts->not_before < utcNow());
        CPPUNIT_ASSERT(facts->not_after > utcNow() + 29 * kDay);
        CPPUNIT_ASSERT(facts->not_after < utcNow() + 31 * kDay);
    }

    void checksKeys() {
        const KeyPair pair = make({"a"});
        CPPUNIT_ASSERT(checkKey(pair.chain, pair.key));
        CPPUNIT_ASSERT_EQUAL(std::string("certificate.key_mismatch"),
                             codeOf(checkKey(pair.chain, make({"a"}).key)));
        CPPUNIT_ASSERT_EQUAL(std::string("certificate.key_parse"),
                             codeOf(checkKey(pair.chain, pair.chain)));
        CPPUNIT_ASSERT_EQUAL(std::string("certificate.key_parse"),
                             codeOf(checkKey(pair.chain, "")));
        CPPUNIT_ASSERT(checkTrust(pair.chain));
        CPPUNIT_ASSERT_EQUAL(std::string("certificate.trust_parse"), codeOf(checkTrust("x")));
    }

    void checksOrder() {
        const KeyPair a = make({"a"});
        const KeyPair b = make({"b"});
        CPPUNIT_ASSERT_EQUAL(std::string("certificate.order"),
                             codeOf(inspectChain(a.chain + b.chain)));
        // Self-signed: it is its own issuer.
        CPPUNIT_ASSERT_EQUAL(std::size_t{2}, inspectChain(a.chain + a.chain)->chain_length);
    }

    void checksDates() {
        const auto facts = inspectChain(make({"a"}).chain);
        CPPUNIT_ASSERT(checkValidity(*facts, utcNow()));
        CPPUNIT_ASSERT_EQUAL(std::string("certificate.expired"),
                             codeOf(checkValidity(*facts, utcNow() + 40 * kDay)));
        CPPUNIT_ASSERT_EQUAL(std::string("certificate.not_yet_valid"),
                             codeOf(checkValidity(*facts, utcNow() - 40 * kDay)));
    }

    void refusesBadPem() {
        const KeyPair pair = make({"a"});
        std::string cut = pair.chain;
        cut[pair.chain.size() / 2] = '!';
        CPPUNIT_ASSERT_EQUAL(std::string("certificate.parse"), codeOf(inspectChain("")));
        CPPUNIT_ASSERT_EQUAL(std::string("certificate.parse"), codeOf(inspectChain(cut)));
        CPPUNIT_ASSERT_EQUAL(std::string("certificate.parse"),
                             codeOf(inspectChain(pair.chain + cut)));
        CPPUNIT_ASSERT_EQUAL(std::string("certificate.parse"), codeOf(inspectChain(pair.key)));
        std::string many;
        for (std::size_t i = 0; i <= kChainLengthMax; ++i) {
            many += pair.chain;
        }
        CPPUNIT_ASSERT_EQUAL(std::string("certificate.too_long"), codeOf(inspectChain(many)));
        CPPUNIT_ASSERT_EQUAL(std::string("certificate.too_long"),
                             codeOf(inspectChain(std::string(kPemBytesMax + 1, 'x'))));
    }

    void refusesBadHosts() {
        const auto code = [](const std::vector<std::string>& hosts, int days) {
            return codeOf(makeSelfSigned(hosts, days));
        };
        CPPUNIT_ASSERT_EQUAL(std::string("certificate.hosts"), code({}, 1));
        CPPUNIT_ASSERT_EQUAL(std::string("certificate.hosts"), code({"a,DNS:b"}, 1));
        CPPUNIT_ASSERT_EQUAL(std::string("certificate.hosts"), code({""}, 1));
        CPPUNIT_ASSERT_EQUAL(std::string("certificate.hosts"),
                             code(std::vector<std::string>(33, "a"), 1));
        CPPUNIT_ASSERT_EQUAL(std::string("certificate.days"), code({"a"}, 0));
        CPPUNIT_ASSERT_EQUAL(std::string("ok"), code({std::string(200, 'a')}, 1));
    }
};

CPPUNIT_TEST_SUITE_REGISTRATION(X509Test);
