// SPDX-License-Identifier: Apache-2.0
// CSV, JSON writing, masking, problems, percent-encoding, cookies.
#include "fairlead/base/json.hpp"
#include "fairlead/web/csv.hpp"
#include "fairlead/web/http.hpp"
#include "fairlead/web/json_out.hpp"
#include "fairlead/web/mask.hpp"
#include "fairlead/web/problem.hpp"

#include <cppunit/TestFixture.h>
#include <cppunit/extensions/HelperMacros.h>

#include <limits>

using namespace fairlead;
using web::Schema;

class TextFormsTest : public CppUnit::TestFixture {
    CPPUNIT_TEST_SUITE(TextFormsTest);
    CPPUNIT_TEST(csvQuotesAsRfc4180);
    CPPUNIT_TEST(csvDefusesFormulas);
    CPPUNIT_TEST(csvLineFollowsTheSchema);
    CPPUNIT_TEST(jsonEscapesAndRepairs);
    CPPUNIT_TEST(jsonNumbers);
    CPPUNIT_TEST(masksSecretsAnywhere);
    CPPUNIT_TEST(cutsAtCharacters);
    CPPUNIT_TEST(masksHeaders);
    CPPUNIT_TEST(findsSecretsOfPluginSchemas);
    CPPUNIT_TEST(statusFollowsTheKindAndFewCodes);
    CPPUNIT_TEST(problemCarriesEverything);
    CPPUNIT_TEST(percentDecoding);
    CPPUNIT_TEST(readsCookies);
    CPPUNIT_TEST_SUITE_END();

    void csvQuotesAsRfc4180() {
        CPPUNIT_ASSERT_EQUAL(std::string{"plain"}, web::csvField("plain"));
        CPPUNIT_ASSERT_EQUAL(std::string{"\"a,b\""}, web::csvField("a,b"));
        CPPUNIT_ASSERT_EQUAL(std::string{"\"say \"\"hi\"\"\""}, web::csvField("say \"hi\""));
        CPPUNIT_ASSERT_EQUAL(std::string{"\"two\nlines\""}, web::csvField("two\nlines"));
    }

    void csvDefusesFormulas() {
        for (const char* evil : {"=1+1", "+1", "-1", "@SUM(A1)", "\tx"}) {
            CPPUNIT_ASSERT_EQUAL('\'', web::csvField(evil)[0]);
        }
        CPPUNIT_ASSERT_EQUAL(std::string{"\"'=a,b\""}, web::csvField("=a,b"));
        CPPUNIT_ASSERT_EQUAL(std::string{"\"'\rx\""}, web::csvField("\rx"));
    }

    void csvLineFollowsTheSchema() {
        const Schema item = Schema::object(
            {web::required("id", Schema::string(0, 9)), web::required("n", Schema::number()),
             web::optional("tags", Schema::any()), web::optional("actions", Schema::any()),
             web::optional("x", Schema::any())});
        const auto value =
            base::parseJson(R"({"x":null,"n":-1.5,"id":"-a","tags":{"k":"v"},"actions":[1]})");
        CPPUNIT_ASSERT_EQUAL(std::string{"id,n,tags,x\r\n"}, web::csvHeader(item));
        CPPUNIT_ASSERT_EQUAL(std::string{"'-a,-1.5,\"{\"\"k\"\":\"\"v\"\"}\",\r\n"},
                             web::csvLine(item, *value));
    }

    void jsonEscapesAndRepairs() {
        web::JsonOut out;
        out.object().field("a\"b", "x\n\x01\\");
        out.field("bad", std::string{"ok\xff\xc3"} + "网" + "\xed\xa0\x80").end();
        CPPUNIT_ASSERT_EQUAL(
            std::string{"{\"a\\\"b\":\"x\\n\\u0001\\\\\",\"bad\":\"ok\xEF\xBF\xBD\xEF\xBF\xBD网"
                        "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"}"},
            std::move(out).text());
    }

    void jsonNumbers() {
        web::JsonOut out;
        out.array().value(0.1).value(std::numeric_limits<double>::infinity()).value(true);
        out.value(std::int64_t{-5}).value(std::uint64_t{18446744073709551615U}).end();
        CPPUNIT_ASSERT_EQUAL(std::string{"[0.1,null,true,-5,18446744073709551615]"},
                             std::move(out).text());
    }

    void masksSecretsAnywhere() {
        const auto body = base::parseJson(
            R"({"username":"u","password":"p1","nodes":[{"secureKey":"p2","host":"h"}],
                "configuration":{"pin":"p3","apiToken":"p4","port":1},"key":null})");
        const std::string text = web::maskBody(*body, nullptr, {"pin"}, 4096);
        for (const char* secret : {"p1", "p2", "p3", "p4"}) {
            CPPUNIT_ASSERT(text.find(secret) == std::string::npos);
        }
        CPPUNIT_ASSERT(text.find("\"host\":\"h\"") != std::string::npos);
        CPPUNIT_ASSERT(text.find("\"key\":null") != std::string::npos);
        const Schema schema = Schema::object({web::required("code", Schema::secret(1, 9))});
        const auto other = base::parseJson(R"({"code":"p5"})");
        CPPUNIT_ASSERT_EQUAL(std::string{R"({"code":"***"})"},
                             web::maskBody(*other, &schema, {}, 4096));
    }

    void cutsAtCharacters() {
        CPPUNIT_ASSERT_EQUAL(std::string{"a"}, web::cutText("a网", 3));
        CPPUNIT_ASSERT_EQUAL(std::string{"a网"}, web::cutText("a网", 4));
    }

    void masksHeaders() {
        web::Headers headers;
        headers.add("Authorization", "Bearer fls_secret");
        headers.add("Cookie", "fairlead_session=fls_secret");
        headers.add("User-Agent", "curl");
        headers.add("X-CSRF-Token", "csrf");
        const std::string text = web::maskHeaders(headers, 4096);
        CPPUNIT_ASSERT(text.find("secret") == std::string::npos);
        CPPUNIT_ASSERT(text.find("csrf") == std::string::npos);
        CPPUNIT_ASSERT(text.find("curl") != std::string::npos);
    }

    void findsSecretsOfPluginSchemas() {
        const auto names = web::secretNames(
            R"({"properties":{"a":{"x-secret":true},"b":{"properties":{"c":{"writeOnly":true}}},
                "d":{"items":{"properties":{"e":{"x-secret":true}}}},"f":{}}})");
        CPPUNIT_ASSERT(names == (std::set<std::string>{"a", "c", "e"}));
    }

    void statusFollowsTheKindAndFewCodes() {
        using base::Errc;
        CPPUNIT_ASSERT_EQUAL(400, web::httpStatus(base::Error::invalid("x")));
        CPPUNIT_ASSERT_EQUAL(404, web::httpStatus(base::Error::notFound("x")));
        CPPUNIT_ASSERT_EQUAL(409, web::httpStatus(base::Error::conflict("x")));
        CPPUNIT_ASSERT_EQUAL(412, web::httpStatus({Errc::Conflict, "stale", "x"}));
        CPPUNIT_ASSERT_EQUAL(429, web::httpStatus({Errc::Busy, "auth.throttled", "x"}));
        CPPUNIT_ASSERT_EQUAL(413, web::httpStatus({Errc::Limit, "request.too_large", "x"}));
        CPPUNIT_ASSERT_EQUAL(503, web::httpStatus({Errc::Busy, "x"}));
        CPPUNIT_ASSERT_EQUAL(504, web::httpStatus({Errc::Timeout, "x"}));
    }

    void problemCarriesEverything() {
        web::Problem problem = web::toProblem(
            base::Error{base::Errc::Conflict, "gateway.in_use", "used"}.with({{"f", "c", "m"}}));
        problem.used_by.push_back({"product", "p1", "One"});
        problem.extra = R"({"deviceCode":"TIME_OUT","status":1})";
        const web::Response response = web::toResponse(problem, "r1");
        CPPUNIT_ASSERT_EQUAL(409, response.status);
        const auto json = base::parseJson(response.body);
        CPPUNIT_ASSERT_EQUAL(std::int64_t{409}, base::integerOr(*json, "status", 0));
        CPPUNIT_ASSERT(base::textOr(*json, "code", "") == "gateway.in_use");
        CPPUNIT_ASSERT(base::textOr(*json, "deviceCode", "") == "TIME_OUT");
        CPPUNIT_ASSERT(base::textOr(*json, "requestId", "") == "r1");
        CPPUNIT_ASSERT_EQUAL(1U, base::member(*json, "usedBy")->Size());
        CPPUNIT_ASSERT_EQUAL(1U, base::member(*json, "errors")->Size());
    }

    void percentDecoding() {
        CPPUNIT_ASSERT(web::percentDecode("a%2Fb+c", false) == "a/b+c");
        CPPUNIT_ASSERT(web::percentDecode("a+b", true) == "a b");
        CPPUNIT_ASSERT(!web::percentDecode("%0", false));
        CPPUNIT_ASSERT(!web::percentDecode("%00", false));
        CPPUNIT_ASSERT_EQUAL(std::string{"a%20%E7%BD%91"}, web::percentEncode("a 网"));
        const auto pairs = web::parseQuery("a=1&b=%26&&c");
        CPPUNIT_ASSERT_EQUAL(std::size_t{3}, pairs->size());
        CPPUNIT_ASSERT_EQUAL(std::string{"&"}, (*pairs)[1].second);
    }

    void readsCookies() {
        CPPUNIT_ASSERT(web::cookie("a=1; fairlead_session=tok; b=2", "fairlead_session") == "tok");
        CPPUNIT_ASSERT(web::cookie("xfairlead_session=no", "fairlead_session").empty());
    }
};

CPPUNIT_TEST_SUITE_REGISTRATION(TextFormsTest);
