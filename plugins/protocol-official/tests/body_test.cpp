// SPDX-License-Identifier: Apache-2.0
#include "support.hpp"

#include "body.hpp"
#include "limits.hpp"

#include <cmath>

namespace fairlead::official {
namespace {

std::string print(const fl_value& value) {
    return testkit::OwnedValue(value).print();
}

class BodyTest : public CppUnit::TestFixture {
    CPPUNIT_TEST_SUITE(BodyTest);
    CPPUNIT_TEST(report);
    CPPUNIT_TEST(numbersAsSent);
    CPPUNIT_TEST(nestedValuesAreTheirText);
    CPPUNIT_TEST(escapes);
    CPPUNIT_TEST(timesAndStates);
    CPPUNIT_TEST(timestamps);
    CPPUNIT_TEST(records);
    CPPUNIT_TEST(numbersAsIds);
    CPPUNIT_TEST(malformed);
    CPPUNIT_TEST(limits);
    CPPUNIT_TEST(reuse);
    CPPUNIT_TEST_SUITE_END();

public:
    void report() {
        read(R"( {"messageId":"m","deviceId":"x","timestamp":1700000000000,"unknown":[1,{"a":2}],
                "headers":{"k":1},"properties":{"t":36.5,"n":null,"b":true,"s":"text"}} )");
        CPPUNIT_ASSERT_EQUAL(std::string_view("m"), body_.message_id);
        CPPUNIT_ASSERT_EQUAL(std::string_view("x"), body_.device_id);
        CPPUNIT_ASSERT_EQUAL(test::kNow, body_.time_ms);
        CPPUNIT_ASSERT_EQUAL(std::string_view(R"({"k":1})"), body_.headers);
        CPPUNIT_ASSERT_EQUAL(std::size_t{4}, body_.properties.size());
        CPPUNIT_ASSERT_EQUAL(std::string("36.5"), print(body_.properties[0].value));
        CPPUNIT_ASSERT_EQUAL(std::string("null"), print(body_.properties[1].value));
        CPPUNIT_ASSERT_EQUAL(std::string("true"), print(body_.properties[2].value));
        CPPUNIT_ASSERT_EQUAL(std::string_view("s"), sdk::view(body_.properties[3].id));
        CPPUNIT_ASSERT_EQUAL('{', body_.text.front());
        CPPUNIT_ASSERT_EQUAL('}', body_.text.back());
    }

    void numbersAsSent() {
        read(R"({"properties":{"i":-7,"big":9223372036854775807,"over":18446744073709551615,
                "d":5.0,"e":1e3,"f":0.1,"z":0e66,"u":1e-400,"v":-0.0,"w":2.2250738585072011e-308}})");
        const std::uint32_t kinds[] = {FL_VALUE_INTEGER, FL_VALUE_INTEGER, FL_VALUE_DOUBLE,
                                       FL_VALUE_DOUBLE,  FL_VALUE_DOUBLE,  FL_VALUE_DOUBLE};
        for (std::size_t i = 0; i < 6; ++i) {
            CPPUNIT_ASSERT_EQUAL(kinds[i], body_.properties[i].value.kind);
        }
        CPPUNIT_ASSERT_EQUAL(std::int64_t{INT64_MAX}, body_.properties[1].value.i);
        CPPUNIT_ASSERT_EQUAL(18446744073709551615.0, body_.properties[2].value.d);
        CPPUNIT_ASSERT_EQUAL(0.1, body_.properties[5].value.d);
        CPPUNIT_ASSERT_EQUAL(0.0, body_.properties[6].value.d);
        CPPUNIT_ASSERT_EQUAL(0.0, body_.properties[7].value.d);
        CPPUNIT_ASSERT(std::signbit(body_.properties[8].value.d));
        CPPUNIT_ASSERT_EQUAL(2.2250738585072011e-308, body_.properties[9].value.d);
    }

    void nestedValuesAreTheirText() {
        read(R"({"properties":{"o":{"a":"x\n\"}","b":[1,{}]},"l":[ 1, "]" ],"after":1}})");
        CPPUNIT_ASSERT_EQUAL(std::uint32_t{FL_VALUE_JSON}, body_.properties[0].value.kind);
        CPPUNIT_ASSERT_EQUAL(std::string_view(R"({"a":"x\n\"}","b":[1,{}]})"),
                             sdk::view(body_.properties[0].value.s));
        CPPUNIT_ASSERT_EQUAL(std::string_view(R"([ 1, "]" ])"),
                             sdk::view(body_.properties[1].value.s));
        CPPUNIT_ASSERT_EQUAL(std::string("1"), print(body_.properties[2].value));
    }

    void escapes() {
        read(R"({"properties":{"\u6e29\u5ea6":"a\tb\u0000c\ud83d\ude00"}})");
        CPPUNIT_ASSERT_EQUAL(std::string_view("温度"), sdk::view(body_.properties[0].id));
        CPPUNIT_ASSERT_EQUAL(std::string_view("a\tb\0c\U0001F600", 9),
                             sdk::view(body_.properties[0].value.s));
        fails(R"({"properties":{"a":"\ud800"}})");
        fails(R"({"properties":{"a":"\udc00"}})");
        fails(R"({"properties":{"\udc00":1}})");
    }

    void timesAndStates() {
        read(R"({"propertySourceTimes":{"b":20,"a":10,"zz":1},"properties":{"a":1,"b":2,"c":3},
                "propertyStates":{"c":"bad","a":7}})");
        CPPUNIT_ASSERT_EQUAL(std::int64_t{10}, body_.properties[0].time_ms);
        CPPUNIT_ASSERT_EQUAL(std::int64_t{20}, body_.properties[1].time_ms);
        CPPUNIT_ASSERT_EQUAL(std::int64_t{0}, body_.properties[2].time_ms);
        CPPUNIT_ASSERT_EQUAL(std::string_view("bad"), sdk::view(body_.properties[2].state));
        CPPUNIT_ASSERT(sdk::view(body_.properties[0].state).empty());
        read(R"({"propertySourceTimes":{"b":20},"properties":{}})");
    }

    void timestamps() {
        const std::pair<const char*, std::int64_t> all[] = {
            {R"({"timestamp":1700000000000})", test::kNow},
            {R"({"timestamp":"1700000000000"})", test::kNow},
            {R"({"timestamp":1.7e12})", test::kNow},
            {R"({"timestamp":0})", 0},
            {R"({"timestamp":-5})", 0},
            {R"({"timestamp":253402300800000})", 0},
            {R"({"timestamp":1e300})", 0},
            {R"({"timestamp":"yesterday"})", 0},
            {R"({"timestamp":{}})", 0}};
        for (const auto& [text, expected] : all) {
            read(text);
            CPPUNIT_ASSERT_EQUAL_MESSAGE(text, expected, body_.time_ms);
        }
    }

    void records() {
        const char* text =
            R"({"data":[{"address":"40001","value":{"a":1},"state":"ok","timestamp":5},
                               {"value":2,"address":"x"}]})";
        CPPUNIT_ASSERT(reader_.read(text, true, body_).ok());
        CPPUNIT_ASSERT(body_.has_records);
        CPPUNIT_ASSERT_EQUAL(std::size_t{2}, body_.properties.size());
        CPPUNIT_ASSERT_EQUAL(std::string(R"({"a":1})"), print(body_.properties[0].value));
        CPPUNIT_ASSERT_EQUAL(std::int64_t{5}, body_.properties[0].time_ms);
        CPPUNIT_ASSERT_EQUAL(std::string_view("ok"), sdk::view(body_.properties[0].state));
        for (const char* bad :
             {R"({"data":[1]})", R"({"data":[{"value":1}]})", R"({"data":[[]]})"}) {
            CPPUNIT_ASSERT_EQUAL(fl_status{FL_E_MALFORMED}, reader_.read(bad, true, body_).code());
        }
        read(text);
        CPPUNIT_ASSERT_EQUAL(std::uint32_t{FL_VALUE_JSON}, body_.data.kind);
    }

    void numbersAsIds() {
        read(R"({"messageId":17,"code":500})");
        CPPUNIT_ASSERT_EQUAL(std::string_view("17"), body_.message_id);
        CPPUNIT_ASSERT_EQUAL(std::string_view("500"), body_.code);
    }

    void malformed() {
        for (const std::string& bad :
             {std::string("{"), std::string("[]"), std::string("1"), std::string("null"),
              std::string("{\"a\":1}x"), std::string("{\"a\":NaN}"), std::string("{\"a\":1e999}"),
              std::string("{'a':1}"), std::string("{\"a\":\"\xFF\"}"),
              std::string("{\"a\":1}\0{}", 10), std::string("\0", 1), std::string("   "),
              std::string(R"({"properties":{"":1}})"), std::string("{\"a\":1,}")}) {
            fails(bad);
        }
    }

    void limits() {
        fails(nested(kDepthMax));
        read(nested(kDepthMax - 1));
        fails(many(kPropertiesMax + 1));
        read(many(kPropertiesMax));
        fails("{\"a\":\"" + std::string(kValueBytesMax + 1, 'x') + "\"}");
        fails("{\"properties\":{\"" + std::string(kNameBytesMax + 1, 'x') + "\":1}}");
        fails("{\"messageId\":\"" + std::string(kMessageIdBytesMax + 1, 'x') + "\"}");
        CPPUNIT_ASSERT_EQUAL(
            fl_status{FL_E_LIMIT},
            reader_.read(std::string(kBodyBytesMax + 1, ' '), false, body_).code());
    }

    void reuse() {
        read(R"({"messageId":"m","success":false,"properties":{"a":1},"headers":{"x":1}})");
        CPPUNIT_ASSERT(!body_.success);
        read("");
        CPPUNIT_ASSERT(body_.success);
        CPPUNIT_ASSERT(body_.properties.empty() && body_.message_id.empty());
        CPPUNIT_ASSERT(!body_.has_properties && body_.headers.empty());
        CPPUNIT_ASSERT_EQUAL(std::string_view("{}"), body_.text);
        fails("{\"a\":[[[[");
        read(R"({"properties":{"a":1}})");
        CPPUNIT_ASSERT_EQUAL(std::size_t{1}, body_.properties.size());
    }

private:
    static std::string nested(unsigned arrays) {
        return "{\"a\":" + std::string(arrays, '[') + std::string(arrays, ']') + "}";
    }
    static std::string many(std::size_t count) {
        std::string text = "{\"properties\":{";
        for (std::size_t i = 0; i < count; ++i) {
            text += (i == 0 ? "\"p" : ",\"p") + std::to_string(i) + "\":1";
        }
        return text + "}}";
    }
    void read(std::string_view text) {
        input_ = text;
        const sdk::Status status = reader_.read(input_, false, body_);
        CPPUNIT_ASSERT_MESSAGE(status.text(), status.ok());
    }
    void fails(std::string_view text) {
        const sdk::Status status = reader_.read(text, false, body_);
        CPPUNIT_ASSERT_EQUAL_MESSAGE(std::string(text.substr(0, 60)), fl_status{FL_E_MALFORMED},
                                     status.code());
        CPPUNIT_ASSERT(!status.text().empty());
    }

    std::string input_;
    BodyReader reader_;
    Body body_;
};

CPPUNIT_TEST_SUITE_REGISTRATION(BodyTest);

} // namespace
} // namespace fairlead::official
