// SPDX-License-Identifier: Apache-2.0
#include "fairlead/web/schema.hpp"

#include "fairlead/base/json.hpp"
#include "fairlead/web/json_out.hpp"

#include <cppunit/TestFixture.h>
#include <cppunit/extensions/HelperMacros.h>

#include <algorithm>

using namespace fairlead;
using web::FieldError;
using web::Schema;

namespace {

std::vector<FieldError> check(const Schema& schema, const char* json) {
    const auto value = base::parseJson(json);
    CPPUNIT_ASSERT(value);
    std::vector<FieldError> errors;
    schema.validate(*value, "", errors);
    return errors;
}

std::string codes(const std::vector<FieldError>& errors) {
    std::vector<std::string> all;
    for (const FieldError& error : errors) {
        all.push_back(error.field + "=" + error.code);
    }
    std::sort(all.begin(), all.end());
    std::string text;
    for (const std::string& one : all) {
        text += (text.empty() ? "" : " ") + one;
    }
    return text;
}

Schema sample() {
    return Schema::object(
        {web::required("name", Schema::name()), web::optional("port", Schema::integer(1, 65535)),
         web::optional("mode", Schema::oneOf({"a", "b"})),
         web::optional(
             "nodes",
             Schema::array(Schema::object({web::required("nodeId", Schema::string(1, 3))}), 2)),
         web::optional("tags", Schema::map(Schema::string(0, 2).nullable(), 2))});
}

} // namespace

class SchemaTest : public CppUnit::TestFixture {
    CPPUNIT_TEST_SUITE(SchemaTest);
    CPPUNIT_TEST(acceptsWhatFits);
    CPPUNIT_TEST(namesEveryWrongFieldAtOnce);
    CPPUNIT_TEST(refusesUnknownAndDuplicateFields);
    CPPUNIT_TEST(countsCharactersNotBytes);
    CPPUNIT_TEST(refusesNamesOfBlanksOnly);
    CPPUNIT_TEST(partialNeedsNothing);
    CPPUNIT_TEST(nullIsAValueOnlyWhereAllowed);
    CPPUNIT_TEST(wholeNumbersOnly);
    CPPUNIT_TEST(stopsAtTheLimitOfErrors);
    CPPUNIT_TEST(writesJsonSchemaWithReferences);
    CPPUNIT_TEST_SUITE_END();

    void acceptsWhatFits() {
        CPPUNIT_ASSERT_EQUAL(std::string{},
                             codes(check(sample(), R"({"name":"x","port":80,"mode":"b",
            "nodes":[{"nodeId":"n1"}],"tags":{"a":"b","c":null}})")));
    }

    void namesEveryWrongFieldAtOnce() {
        CPPUNIT_ASSERT_EQUAL(
            std::string{"mode=enum name=required nodes/1/nodeId=too_long port=too_large "
                        "tags/k=too_long"},
            codes(check(sample(), R"({"port":70000,"mode":"c",
            "nodes":[{"nodeId":"n"},{"nodeId":"long"}],"tags":{"k":"abc"}})")));
    }

    void refusesUnknownAndDuplicateFields() {
        CPPUNIT_ASSERT_EQUAL(std::string{"name=duplicate nodes/0/x=unknown prot=unknown"},
                             codes(check(sample(), R"({"name":"a","name":"b","prot":1,
            "nodes":[{"nodeId":"n","x":1}]})")));
    }

    void countsCharactersNotBytes() {
        std::string name;
        for (int i = 0; i < 64; ++i) {
            name += "网";
        }
        CPPUNIT_ASSERT(check(sample(), ("{\"name\":\"" + name + "\"}").c_str()).empty());
        CPPUNIT_ASSERT_EQUAL(std::string{"name=too_long"},
                             codes(check(sample(), ("{\"name\":\"" + name + "x\"}").c_str())));
    }

    void refusesNamesOfBlanksOnly() {
        CPPUNIT_ASSERT_EQUAL(std::string{"name=too_short"},
                             codes(check(sample(), R"({"name":"   "})")));
    }

    void partialNeedsNothing() {
        CPPUNIT_ASSERT(check(sample().partial(), "{}").empty());
        CPPUNIT_ASSERT_EQUAL(std::string{"y=unknown"},
                             codes(check(sample().partial(), R"({"y":1})")));
    }

    void nullIsAValueOnlyWhereAllowed() {
        CPPUNIT_ASSERT_EQUAL(std::string{"name=type port=type"},
                             codes(check(sample(), R"({"name":null,"port":null})")));
    }

    void wholeNumbersOnly() {
        CPPUNIT_ASSERT_EQUAL(std::string{"port=type"},
                             codes(check(sample(), R"({"name":"a","port":1.5})")));
        CPPUNIT_ASSERT_EQUAL(std::string{"port=type"},
                             codes(check(sample(), R"({"name":"a","port":"80"})")));
    }

    void stopsAtTheLimitOfErrors() {
        std::string json = "{\"name\":\"a\"";
        for (int i = 0; i < 300; ++i) {
            json += ",\"u" + std::to_string(i) + "\":1";
        }
        CPPUNIT_ASSERT_EQUAL(web::kFieldErrorsMax, check(sample(), (json + "}").c_str()).size());
    }

    void writesJsonSchemaWithReferences() {
        const Schema inner = Schema::object({web::required("id", Schema::userId())}).named("Inner");
        const Schema outer =
            Schema::object({web::required("one", inner), web::optional("two", inner.nullable())});
        web::JsonOut out;
        outer.write(out, true);
        CPPUNIT_ASSERT_EQUAL(
            std::string{
                R"({"type":"object","properties":{"one":{"$ref":"#/components/schemas/Inner"},)"
                R"("two":{"anyOf":[{"$ref":"#/components/schemas/Inner"},{"type":"null"}]}},)"
                R"("required":["one"],"additionalProperties":false})"},
            std::move(out).text());
        std::vector<Schema> named;
        std::set<std::string> seen;
        outer.collectNamed(named, seen);
        CPPUNIT_ASSERT_EQUAL(std::size_t{1}, named.size());
    }
};

CPPUNIT_TEST_SUITE_REGISTRATION(SchemaTest);
