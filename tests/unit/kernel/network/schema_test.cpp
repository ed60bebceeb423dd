// SPDX-License-Identifier: Apache-2.0
#include "fairlead/network/schema.hpp"
#include "line_type.hpp"

#include <cppunit/extensions/HelperMacros.h>

#include <algorithm>

namespace {

using namespace fairlead;
using namespace fairlead::network;

class SchemaTest : public CppUnit::TestFixture {
    CPPUNIT_TEST_SUITE(SchemaTest);
    CPPUNIT_TEST(mergesCommonAndOwnFields);
    CPPUNIT_TEST(saysDtlsForDatagrams);
    CPPUNIT_TEST(leavesOutWhatATypeHasNot);
    CPPUNIT_TEST(refusesBrokenSchemas);
    CPPUNIT_TEST(findsAllErrorsAtOnce);
    CPPUNIT_TEST(fillsDefaultsAndDropsHiddenFields);
    CPPUNIT_TEST(followsConditions);
    CPPUNIT_TEST(checksFormats);
    CPPUNIT_TEST(checksListsAndPatterns);
    CPPUNIT_TEST(masksAndKeepsSecrets);
    CPPUNIT_TEST(mergePatches);
    CPPUNIT_TEST_SUITE_END();

    static base::Json json(std::string_view text) {
        auto parsed = base::parseJson(text);
        CPPUNIT_ASSERT(parsed);
        return std::move(*parsed);
    }
    static TypeDescription type(std::string_view schema) {
        TypeDescription t;
        t.id = "t";
        t.stream = t.tls = true;
        t.schema = schema;
        return t;
    }
    /// "field:code" of each error, in order of name.
    static std::string wrong(const base::Json& schema, std::string_view value) {
        base::Json v = json(value);
        normalize(schema, v);
        std::vector<std::string> found;
        for (const base::FieldError& e : check(schema, v, "c")) {
            found.push_back(e.field + ":" + e.code);
        }
        std::sort(found.begin(), found.end());
        std::string text;
        for (const std::string& one : found) {
            text += (text.empty() ? "" : " ") + one;
        }
        return text;
    }

public:
    void mergesCommonAndOwnFields() {
        const auto schema = componentSchema(type(test::kLineSchema));
        CPPUNIT_ASSERT(schema);
        const base::JsonValue& properties = (*schema)["properties"];
        for (const char* name : {"host", "port", "publicHost", "publicPort", "secure",
                                 "certificateId", "greeting", "mode"}) {
            CPPUNIT_ASSERT_MESSAGE(name, base::member(properties, name) != nullptr);
        }
        const base::JsonValue& texts = (*schema)["i18n"];
        CPPUNIT_ASSERT_EQUAL(std::string("问候"),
                             std::string(base::textOr(texts["zh-CN"], "/greeting", "")));
        CPPUNIT_ASSERT_EQUAL(std::string("本地端口"),
                             std::string(base::textOr(texts["zh-CN"], "/port", "")));
        CPPUNIT_ASSERT_EQUAL(std::string("Certificate"),
                             std::string(base::textOr(texts["en"], "/certificateId", "")));
        // Both languages have the same texts of the common fields.
        CPPUNIT_ASSERT_EQUAL(texts["zh-CN"].MemberCount(), texts["en"].MemberCount());
        CPPUNIT_ASSERT_EQUAL(std::string("host"), std::string((*schema)["x-order"][0].GetString()));
    }

    void saysDtlsForDatagrams() {
        TypeDescription t = type("{}");
        t.stream = t.tls = false;
        t.datagram = true;
        auto schema = componentSchema(t);
        CPPUNIT_ASSERT(schema);
        CPPUNIT_ASSERT(base::member((*schema)["properties"], "secure") == nullptr);
        t.dtls = true;
        schema = componentSchema(t);
        CPPUNIT_ASSERT(schema);
        const base::JsonValue& texts = (*schema)["i18n"];
        CPPUNIT_ASSERT_EQUAL(std::string("开启DTLS"),
                             std::string(base::textOr(texts["zh-CN"], "/secure", "")));
        CPPUNIT_ASSERT_EQUAL(std::string("最大对端数"),
                             std::string(base::textOr(texts["zh-CN"], "/maxConnections", "")));
        CPPUNIT_ASSERT_EQUAL(texts["zh-CN"].MemberCount(), texts["en"].MemberCount());
        for (const auto& property : (*schema)["properties"].GetObject()) {
            const std::string name = "/" + std::string(property.name.GetString());
            for (const char* locale : {"zh-CN", "en"}) {
                CPPUNIT_ASSERT_MESSAGE(name, base::member(texts[locale], name.c_str()) != nullptr);
            }
        }
        const std::string plain = R"("port":1,"publicHost":"h","publicPort":1)";
        CPPUNIT_ASSERT_EQUAL(std::string{}, wrong(*schema, "{" + plain + "}"));
        CPPUNIT_ASSERT_EQUAL(std::string("c/certificateId:required"),
                             wrong(*schema, "{" + plain + R"(,"secure":true})"));
        CPPUNIT_ASSERT_EQUAL(std::string{},
                             wrong(*schema, "{" + plain + R"(,"secure":true,"dtlsMode":"psk"})"));
    }

    void leavesOutWhatATypeHasNot() {
        TypeDescription t = type("{}");
        t.tls = false;
        auto schema = componentSchema(t);
        CPPUNIT_ASSERT(schema);
        CPPUNIT_ASSERT(base::member((*schema)["properties"], "secure") == nullptr);
        t.client = true;
        t.tls = true;
        schema = componentSchema(t);
        CPPUNIT_ASSERT(schema);
        const base::JsonValue& properties = (*schema)["properties"];
        CPPUNIT_ASSERT(base::member(properties, "publicHost") == nullptr);
        CPPUNIT_ASSERT(base::member(properties, "clientCertificates") == nullptr);
        CPPUNIT_ASSERT(base::member(properties, "remoteHost") != nullptr);
        CPPUNIT_ASSERT(base::member(properties, "verifyServer") != nullptr);
        CPPUNIT_ASSERT(base::member(properties, "reconnectLongest") != nullptr);
        t.schema = R"({"properties":{"targets":{"type":"array"}}})";
        schema = componentSchema(t);
        CPPUNIT_ASSERT(schema);
        CPPUNIT_ASSERT(base::member((*schema)["properties"], "remoteHost") == nullptr);
        CPPUNIT_ASSERT(base::member(*schema, "required") == nullptr);
    }

    void refusesBrokenSchemas() {
        CPPUNIT_ASSERT(!componentSchema(type("[1]")));
        CPPUNIT_ASSERT(!componentSchema(type("{\"type\":")));
        CPPUNIT_ASSERT(!componentSchema(type(R"({"i18n":{"en":7}})")));
        CPPUNIT_ASSERT(!componentSchema(type(std::string(70'000, ' '))));
        std::string deep = "{}";
        for (int i = 0; i < 6; ++i) {
            deep = R"({"properties":{"a":)" + deep + "}}";
        }
        CPPUNIT_ASSERT(!componentSchema(type(deep)));
    }

    void findsAllErrorsAtOnce() {
        const auto schema = componentSchema(type(test::kLineSchema));
        CPPUNIT_ASSERT(schema);
        CPPUNIT_ASSERT_EQUAL(
            std::string("c/greeting:maxLength c/mode:enum c/nonsense:unknown c/port:range "
                        "c/publicHost:required c/publicPort:integer"),
            wrong(*schema, R"({"port":70000,"publicPort":1.5,"publicHost":"","mode":"loud",
                "greeting":"abcdefghijklmnopq","nonsense":1})"));
        CPPUNIT_ASSERT_EQUAL(std::string("c/publicPort:integer c/secure:type"),
                             wrong(*schema, R"({"port":1,"publicPort":"x","publicHost":"a.example",
                "secure":"yes"})"));
        CPPUNIT_ASSERT_EQUAL(
            std::string(),
            wrong(*schema, R"({"port":1883,"publicPort":1883,"publicHost":"a.example"})"));
    }

    void fillsDefaultsAndDropsHiddenFields() {
        const auto schema = componentSchema(type(test::kLineSchema));
        CPPUNIT_ASSERT(schema);
        base::Json value = json(R"({"size":5,"certificateId":"left over","greeting":""})");
        normalize(*schema, value);
        CPPUNIT_ASSERT_EQUAL(
            std::string(R"({"host":"0.0.0.0","secure":false,"greeting":"hello","mode":"plain"})"),
            [&] {
                // The order of members is that of the schema for what was added.
                base::Json ordered(rapidjson::kObjectType);
                for (const char* name : {"host", "secure", "greeting", "mode"}) {
                    CPPUNIT_ASSERT_MESSAGE(name, base::member(value, name) != nullptr);
                    ordered.AddMember(rapidjson::StringRef(name), value[name],
                                      ordered.GetAllocator());
                }
                CPPUNIT_ASSERT_EQUAL(rapidjson::SizeType{4}, value.MemberCount());
                return base::toText(ordered);
            }());
    }

    void followsConditions() {
        const auto schema = componentSchema(type(test::kLineSchema));
        CPPUNIT_ASSERT(schema);
        const std::string base = R"("port":1,"publicPort":1,"publicHost":"a")";
        CPPUNIT_ASSERT_EQUAL(std::string("c/size:required"),
                             wrong(*schema, "{" + base + R"(,"mode":"fancy"})"));
        CPPUNIT_ASSERT_EQUAL(std::string("c/size:range"),
                             wrong(*schema, "{" + base + R"(,"mode":"fancy","size":11})"));
        CPPUNIT_ASSERT_EQUAL(std::string(),
                             wrong(*schema, "{" + base + R"(,"mode":"plain","size":11})"));
        CPPUNIT_ASSERT_EQUAL(std::string("c/certificateId:required"),
                             wrong(*schema, "{" + base + R"(,"secure":true})"));
        // A path from the root, as nested objects use it.
        const base::Json nested = json(R"({"properties":{"kind":{"type":"string"},
            "more":{"type":"object","properties":{"n":{"type":"integer",
                "x-required-when":{"/kind":"x"}}}}}})");
        CPPUNIT_ASSERT_EQUAL(std::string("c/more/n:required"), wrong(nested, R"({"kind":"x"})"));
        CPPUNIT_ASSERT_EQUAL(std::string(), wrong(nested, R"({"kind":"y"})"));
    }

    void checksFormats() {
        for (const char* good : {"a", "devices.example", "10.0.0.1", "::1", "a_b.c-d"}) {
            CPPUNIT_ASSERT_MESSAGE(good, isHost(good));
        }
        for (const char* bad : {"", "1.2.3", "256.1.1.1", "a..b", "-a", "a b", "ü.example", "."}) {
            CPPUNIT_ASSERT_MESSAGE(bad, !isHost(bad));
        }
        CPPUNIT_ASSERT(isAddress("0.0.0.0") && isAddress("fe80::1") && !isAddress("localhost"));
        const base::Json schema = json(R"({"properties":{"u":{"type":"string","format":"uri"},
            "v":{"type":"string","format":"ipv4"}}})");
        CPPUNIT_ASSERT_EQUAL(std::string("c/u:format_uri c/v:format_ipv4"),
                             wrong(schema, R"({"u":"nothing","v":"::1"})"));
        CPPUNIT_ASSERT_EQUAL(std::string(), wrong(schema, R"({"u":"http://x","v":"1.2.3.4"})"));
    }

    void checksListsAndPatterns() {
        const base::Json schema = json(R"({"type":"object","properties":{
            "l":{"type":"array","maxItems":2,"items":{"type":"object","properties":{
                "n":{"type":"integer","minimum":0}}}},
            "p":{"type":"string","pattern":"^[a-z]+$"}}})");
        CPPUNIT_ASSERT_EQUAL(std::string("c/l/1/n:range"),
                             wrong(schema, R"({"l":[{"n":1},{"n":-1}]})"));
        CPPUNIT_ASSERT_EQUAL(std::string("c/l:maxItems"), wrong(schema, R"({"l":[{},{},{}]})"));
        CPPUNIT_ASSERT_EQUAL(std::string("c/l:type"), wrong(schema, R"({"l":7})"));
        CPPUNIT_ASSERT_EQUAL(std::string("c/p:pattern"), wrong(schema, R"({"p":"A1"})"));
        CPPUNIT_ASSERT_EQUAL(std::string(), wrong(schema, R"({"p":"abc","l":[{"n":3}]})"));
    }

    void masksAndKeepsSecrets() {
        const base::Json schema = json(test::kLineSchema);
        base::Json value = json(R"({"password":"geheim","greeting":"x"})");
        const base::Json before = json(R"({"password":"geheim","greeting":"x"})");
        maskSecrets(schema, value);
        CPPUNIT_ASSERT_EQUAL(std::string(R"({"password":"***","greeting":"x"})"),
                             base::toText(value));
        restoreSecrets(schema, value, before);
        CPPUNIT_ASSERT_EQUAL(base::toText(before), base::toText(value));
        base::Json changed = json(R"({"password":"neu"})");
        restoreSecrets(schema, changed, before);
        CPPUNIT_ASSERT_EQUAL(std::string(R"({"password":"neu"})"), base::toText(changed));
        base::Json unknown = json(R"({"password":"***"})");
        restoreSecrets(schema, unknown, json("{}"));
        CPPUNIT_ASSERT_EQUAL(std::string("{}"), base::toText(unknown));
    }

    // The examples of RFC 7396, appendix A, that concern objects.
    void mergePatches() {
        const auto patched = [](std::string_view target, std::string_view patch) {
            base::Json t = json(target);
            mergePatch(t, json(patch));
            return base::toText(t);
        };
        CPPUNIT_ASSERT_EQUAL(std::string(R"({"a":"c"})"), patched(R"({"a":"b"})", R"({"a":"c"})"));
        CPPUNIT_ASSERT_EQUAL(std::string(R"({"a":"b","b":"c"})"),
                             patched(R"({"a":"b"})", R"({"b":"c"})"));
        CPPUNIT_ASSERT_EQUAL(std::string("{}"), patched(R"({"a":"b"})", R"({"a":null})"));
        CPPUNIT_ASSERT_EQUAL(std::string(R"({"a":[1]})"),
                             patched(R"({"a":[{"b":"c"}]})", R"({"a":[1]})"));
        CPPUNIT_ASSERT_EQUAL(std::string(R"({"a":{"bb":{}}})"),
                             patched("{}", R"({"a":{"bb":{"ccc":null}}})"));
    }
};

CPPUNIT_TEST_SUITE_REGISTRATION(SchemaTest);

} // namespace
