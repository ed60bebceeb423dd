// SPDX-License-Identifier: Apache-2.0
#include "fairlead/device/thing_model.hpp"

#include <cppunit/extensions/HelperMacros.h>

#include <limits>

using namespace fairlead;
using namespace fairlead::device;

namespace {

ValueType typeOf(const std::string& json) {
    const auto model =
        ThingModel::parse(R"({"properties":[{"id":"p","name":"P","valueType":)" + json + "}]}");
    CPPUNIT_ASSERT_MESSAGE(model ? "" : model.error().message(), model.hasValue());
    return (*model)->properties().front().type;
}

/// JSON of the converted value, or "!" and the error.
std::string convert(const std::string& type, const DataValue& value) {
    DataValue out;
    const auto done = typeOf(type).convert(value.view(), "p", out);
    return done ? out.toJson() : "!" + done.error().message();
}

bool refuses(const std::string& type, const DataValue& value) {
    return convert(type, value).front() == '!';
}

std::string textOf(const std::string& type, const DataValue& value) {
    const ValueType parsed = typeOf(type);
    DataValue out;
    CPPUNIT_ASSERT(parsed.convert(value.view(), "p", out).hasValue());
    return parsed.toText(out.view());
}

/// Field of the first mistake.
std::string firstMistake(const std::string& json) {
    const auto model = ThingModel::parse(json);
    CPPUNIT_ASSERT(!model);
    return model.error().fields().empty() ? model.error().code()
                                          : model.error().fields().front().field;
}

} // namespace

class ThingModelTest : public CppUnit::TestFixture {
    CPPUNIT_TEST_SUITE(ThingModelTest);
    CPPUNIT_TEST(parsesAWholeModel);
    CPPUNIT_TEST(namesEveryMistake);
    CPPUNIT_TEST(keepsItsLimits);
    CPPUNIT_TEST(convertsWholeNumbers);
    CPPUNIT_TEST(convertsDecimals);
    CPPUNIT_TEST(convertsBooleans);
    CPPUNIT_TEST(convertsTexts);
    CPPUNIT_TEST(convertsEnums);
    CPPUNIT_TEST(convertsDates);
    CPPUNIT_TEST(convertsArraysAndObjects);
    CPPUNIT_TEST(convertsPositions);
    CPPUNIT_TEST(rendersTexts);
    CPPUNIT_TEST(sendsTheDevicesOwnForm);
    CPPUNIT_TEST_SUITE_END();

public:
    void parsesAWholeModel() {
        const auto model = ThingModel::parse(R"({
          "properties":[{"id":"temp","name":"温度","valueType":{"type":"float","unit":"°C","scale":1},
            "expands":{"type":["read","report"],"source":"device","metrics":[1]}}],
          "functions":[{"id":"reboot","name":"Reboot","async":false,
            "inputs":[{"id":"delay","name":"Delay","required":true,"valueType":{"type":"int"}}],
            "output":{"type":"string"}}],
          "events":[{"id":"fire","name":"Fire","valueType":{"type":"object","properties":[
            {"id":"lvl","name":"Level","valueType":{"type":"int"}}]},"expands":{"level":"urgent"}}],
          "tags":[{"id":"room","name":"Room","valueType":{"type":"string"}}]})");
        CPPUNIT_ASSERT_MESSAGE(model ? "" : model.error().message(), model.hasValue());
        const ThingModel& m = **model;
        CPPUNIT_ASSERT(m.property("temp")->readable && !m.property("temp")->writable);
        CPPUNIT_ASSERT_EQUAL(1, m.property("temp")->type.scale);
        CPPUNIT_ASSERT(m.property("nope") == nullptr);
        CPPUNIT_ASSERT(m.function("reboot")->inputs.front().required);
        CPPUNIT_ASSERT(m.function("reboot")->output->type == DataType::String);
        CPPUNIT_ASSERT_EQUAL(std::string{"urgent"}, m.event("fire")->level);
        CPPUNIT_ASSERT_EQUAL(std::size_t{1}, m.tags().size());
        const auto again = ThingModel::parse(m.json());
        CPPUNIT_ASSERT(again.hasValue());
        CPPUNIT_ASSERT_EQUAL(m.json(), (*again)->json());
        CPPUNIT_ASSERT(m.json().find("metrics") != std::string::npos);
    }

    void namesEveryMistake() {
        const auto model = ThingModel::parse(R"({
          "properties":[{"id":"a b","name":"x","valueType":{"type":"int"}},
                        {"id":"c","name":"x","valueType":{"type":"strange"}},
                        {"id":"c","name":"x","valueType":{"type":"int"}},
                        {"id":"e","name":"x","valueType":{"type":"enum"}},
                        {"id":"n","name":"x","valueType":{"type":"int","min":5,"max":1}},
                        {"id":"r","name":"x","valueType":{"type":"array"}},
                        {"id":"v","name":"x"}],
          "events":[{"id":"q","expands":{"level":"loud"}}]})");
        CPPUNIT_ASSERT(!model);
        CPPUNIT_ASSERT_EQUAL(std::string{"thing_model.invalid"}, model.error().code());
        std::string fields;
        for (const auto& error : model.error().fields()) {
            fields += error.field + " ";
        }
        CPPUNIT_ASSERT_EQUAL(
            std::string{"properties.0.id properties.1.valueType.type properties.2.id "
                        "properties.3.valueType.elements properties.4.valueType.min "
                        "properties.5.valueType.elementType properties.6.valueType "
                        "events.0.expands.level "},
            fields);
        CPPUNIT_ASSERT_EQUAL(std::string{"json.malformed"}, firstMistake("{"));
        CPPUNIT_ASSERT_EQUAL(std::string{"thing_model.invalid"}, firstMistake("[]"));
        CPPUNIT_ASSERT_EQUAL(std::string{"properties"}, firstMistake(R"({"properties":{}})"));
    }

    void keepsItsLimits() {
        std::string many = R"({"properties":[)";
        for (int i = 0; i < 501; ++i) {
            many += std::string{i > 0 ? "," : ""} + R"({"id":"p)" + std::to_string(i) +
                    R"(","name":"x","valueType":{"type":"int"}})";
        }
        CPPUNIT_ASSERT(!ThingModel::parse(many + "]}"));
        CPPUNIT_ASSERT_EQUAL(std::string{"thing_model.too_large"},
                             firstMistake(std::string(256 * 1024 + 1, ' ')));
        std::string deep = R"({"type":"int"})";
        for (int i = 0; i < 9; ++i) {
            deep = R"({"type":"array","elementType":)" + deep + "}";
        }
        CPPUNIT_ASSERT(
            !ThingModel::parse(R"({"properties":[{"id":"p","valueType":)" + deep + "}]}"));
    }

    void convertsWholeNumbers() {
        const std::string type = R"({"type":"int"})";
        CPPUNIT_ASSERT_EQUAL(std::string{"5"}, convert(type, DataValue::integer(5)));
        CPPUNIT_ASSERT_EQUAL(std::string{"4"}, convert(type, DataValue::number(3.5)));
        CPPUNIT_ASSERT_EQUAL(std::string{"-4"}, convert(type, DataValue::number(-3.5)));
        CPPUNIT_ASSERT_EQUAL(std::string{"12"}, convert(type, DataValue::text(" 12 ")));
        CPPUNIT_ASSERT_EQUAL(std::string{"13"}, convert(type, DataValue::text("12.5")));
        CPPUNIT_ASSERT(refuses(type, DataValue::integer(3'000'000'000)));
        CPPUNIT_ASSERT(refuses(type, DataValue::text("12x")));
        CPPUNIT_ASSERT(refuses(type, DataValue::text("")));
        CPPUNIT_ASSERT(refuses(type, DataValue::number(std::numeric_limits<double>::quiet_NaN())));
        CPPUNIT_ASSERT(refuses(type, DataValue::number(1e300)));
        CPPUNIT_ASSERT(refuses(type, DataValue::json("{}")));
        CPPUNIT_ASSERT(refuses(R"({"type":"byte"})", DataValue::integer(128)));
        CPPUNIT_ASSERT(!refuses(R"({"type":"byte"})", DataValue::integer(-128)));
        CPPUNIT_ASSERT(refuses(R"({"type":"short"})", DataValue::integer(40'000)));
        CPPUNIT_ASSERT_EQUAL(std::string{"9223372036854775807"},
                             convert(R"({"type":"long"})",
                                     DataValue::integer(std::numeric_limits<std::int64_t>::max())));
        CPPUNIT_ASSERT_EQUAL(
            std::string{"!p must be a whole number (int) of at least 0 and at most 100"},
            convert(R"({"type":"int","min":0,"max":100})", DataValue::integer(101)));
    }

    void convertsDecimals() {
        CPPUNIT_ASSERT_EQUAL(std::string{"36.57"},
                             convert(R"({"type":"double"})", DataValue::number(36.5678)));
        CPPUNIT_ASSERT_EQUAL(std::string{"36.5678"}, convert(R"({"type":"double","scale":-1})",
                                                             DataValue::number(36.5678)));
        CPPUNIT_ASSERT_EQUAL(std::string{"37"},
                             convert(R"({"type":"float","scale":0})", DataValue::number(36.5)));
        CPPUNIT_ASSERT_EQUAL(std::string{"7"},
                             convert(R"({"type":"float"})", DataValue::integer(7)));
        CPPUNIT_ASSERT_EQUAL(std::string{"1.5"},
                             convert(R"({"type":"float"})", DataValue::text("1.5")));
        CPPUNIT_ASSERT(refuses(R"({"type":"float"})", DataValue::number(1e39)));
        CPPUNIT_ASSERT(refuses(R"({"type":"double"})",
                               DataValue::number(std::numeric_limits<double>::infinity())));
        CPPUNIT_ASSERT(refuses(R"({"type":"double","max":10})", DataValue::number(10.5)));
    }

    void convertsBooleans() {
        const std::string plain = R"({"type":"boolean"})";
        CPPUNIT_ASSERT_EQUAL(std::string{"true"}, convert(plain, DataValue::boolean(true)));
        CPPUNIT_ASSERT_EQUAL(std::string{"true"}, convert(plain, DataValue::integer(1)));
        CPPUNIT_ASSERT_EQUAL(std::string{"false"}, convert(plain, DataValue::text("false")));
        CPPUNIT_ASSERT(refuses(plain, DataValue::text("on")));
        const std::string own = R"({"type":"boolean","trueValue":"on","falseValue":"off"})";
        CPPUNIT_ASSERT_EQUAL(std::string{"true"}, convert(own, DataValue::text("on")));
        CPPUNIT_ASSERT_EQUAL(std::string{"false"}, convert(own, DataValue::text("off")));
        CPPUNIT_ASSERT_EQUAL(std::string{"true"}, convert(own, DataValue::boolean(true)));
        // "0" means true here: the device's own words go first.
        const std::string odd = R"({"type":"boolean","trueValue":0,"falseValue":1})";
        CPPUNIT_ASSERT_EQUAL(std::string{"true"}, convert(odd, DataValue::integer(0)));
    }

    void convertsTexts() {
        const std::string type = R"({"type":"string","expands":{"maxLength":3}})";
        CPPUNIT_ASSERT_EQUAL(std::string{"\"温度计\""}, convert(type, DataValue::text("温度计")));
        CPPUNIT_ASSERT(refuses(type, DataValue::text("温度计x")));
        CPPUNIT_ASSERT(refuses(type, DataValue::text("\xff")));
        CPPUNIT_ASSERT_EQUAL(std::string{"\"12\""},
                             convert(R"({"type":"string"})", DataValue::integer(12)));
        CPPUNIT_ASSERT(refuses(R"({"type":"string"})", DataValue::text(std::string(70'000, 'x'))));
    }

    void convertsEnums() {
        const std::string type =
            R"({"type":"enum","elements":[{"value":"1","text":"Low"},{"value":2,"text":"High"}]})";
        CPPUNIT_ASSERT_EQUAL(std::string{"\"1\""}, convert(type, DataValue::integer(1)));
        CPPUNIT_ASSERT_EQUAL(std::string{"\"2\""}, convert(type, DataValue::text("2")));
        CPPUNIT_ASSERT_EQUAL(std::string{"!p must be one of: 1, 2"},
                             convert(type, DataValue::integer(3)));
        const std::string multiple =
            R"({"type":"enum","multi":true,"elements":[{"value":"a"},{"value":"b"}]})";
        CPPUNIT_ASSERT_EQUAL(std::string{R"(["a","b"])"},
                             convert(multiple, DataValue::json(R"(["a","b"])")));
        CPPUNIT_ASSERT_EQUAL(std::string{R"(["b"])"}, convert(multiple, DataValue::text("b")));
        CPPUNIT_ASSERT_EQUAL(std::string{R"(["a","b"])"},
                             convert(multiple, DataValue::text("a,b")));
        CPPUNIT_ASSERT(refuses(multiple, DataValue::json(R"(["c"])")));
    }

    void convertsDates() {
        const std::string stamp = R"({"type":"date"})";
        CPPUNIT_ASSERT_EQUAL(std::string{"1700000000000"},
                             convert(stamp, DataValue::integer(1'700'000'000'000)));
        CPPUNIT_ASSERT_EQUAL(std::string{"1700000000000"},
                             convert(stamp, DataValue::text("2023-11-14T22:13:20Z")));
        CPPUNIT_ASSERT(refuses(stamp, DataValue::text("yesterday")));
        const std::string local =
            R"({"type":"date","format":"yyyy-MM-dd HH:mm:ss","tz":"Asia/Shanghai"})";
        CPPUNIT_ASSERT_EQUAL(std::string{"1700000000000"},
                             convert(local, DataValue::text("2023-11-15 06:13:20")));
        CPPUNIT_ASSERT(refuses(local, DataValue::text("2023-13-15 06:13:20")));
        CPPUNIT_ASSERT_EQUAL(std::string{"2023-11-15 06:13:20"},
                             textOf(local, DataValue::integer(1'700'000'000'000)));
        CPPUNIT_ASSERT(!ThingModel::parse(
            R"({"properties":[{"id":"p","valueType":{"type":"date","format":"today"}}]})"));
        CPPUNIT_ASSERT(!ThingModel::parse(
            R"({"properties":[{"id":"p","valueType":{"type":"date","tz":"Mars/Base"}}]})"));
    }

    void convertsArraysAndObjects() {
        const std::string array = R"({"type":"array","elementType":{"type":"int","max":9}})";
        CPPUNIT_ASSERT_EQUAL(std::string{"[1,2]"}, convert(array, DataValue::json("[1, \"2\"]")));
        CPPUNIT_ASSERT_EQUAL(std::string{"!p.1 must be a whole number (int) of at most 9"},
                             convert(array, DataValue::json("[1,10]")));
        CPPUNIT_ASSERT(refuses(array, DataValue::json("{}")));
        CPPUNIT_ASSERT(refuses(array, DataValue::integer(1)));
        const std::string object =
            R"({"type":"object","properties":[{"id":"a","required":true,"valueType":{"type":"int"}},
                {"id":"b","valueType":{"type":"boolean"}}]})";
        CPPUNIT_ASSERT_EQUAL(std::string{R"({"a":1,"b":true,"x":[null]})"},
                             convert(object, DataValue::json(R"({"x":[null],"b":1,"a":"1"})")));
        CPPUNIT_ASSERT_EQUAL(std::string{"!p.a must be given"},
                             convert(object, DataValue::json("{}")));
    }

    void convertsPositions() {
        const std::string point = R"({"type":"geoPoint"})";
        const std::string expected = R"({"lon":120.5,"lat":30.25})";
        CPPUNIT_ASSERT_EQUAL(expected, convert(point, DataValue::text("120.5, 30.25")));
        CPPUNIT_ASSERT_EQUAL(expected,
                             convert(point, DataValue::json(R"({"lat":30.25,"lon":120.5})")));
        CPPUNIT_ASSERT_EQUAL(expected, convert(point, DataValue::json("[120.5,30.25]")));
        CPPUNIT_ASSERT(refuses(point, DataValue::text("190,30")));
        CPPUNIT_ASSERT(refuses(point, DataValue::text("somewhere")));
        const std::string shape = R"({"type":"geoShape"})";
        CPPUNIT_ASSERT(!refuses(shape, DataValue::json(R"({"type":"Point","coordinates":[1,2]})")));
        CPPUNIT_ASSERT(refuses(shape, DataValue::json(R"({"type":"Point"})")));
    }

    void rendersTexts() {
        CPPUNIT_ASSERT_EQUAL(std::string{"36.5 °C"},
                             textOf(R"({"type":"float","unit":"°C"})", DataValue::number(36.5)));
        CPPUNIT_ASSERT_EQUAL(std::string{"是"},
                             textOf(R"({"type":"boolean"})", DataValue::boolean(true)));
        CPPUNIT_ASSERT_EQUAL(std::string{"Low"},
                             textOf(R"({"type":"enum","elements":[{"value":"1","text":"Low"}]})",
                                    DataValue::text("1")));
        CPPUNIT_ASSERT_EQUAL(std::string{"***"},
                             textOf(R"({"type":"password"})", DataValue::text("geheim")));
        CPPUNIT_ASSERT_EQUAL(std::string{"2023-11-14T22:13:20.000Z"},
                             textOf(R"({"type":"date"})", DataValue::integer(1'700'000'000'000)));
    }

    void sendsTheDevicesOwnForm() {
        const ValueType own = typeOf(R"({"type":"boolean","trueValue":"on","falseValue":"off"})");
        CPPUNIT_ASSERT_EQUAL(std::string{"\"off\""},
                             own.forDevice(DataValue::boolean(false)).toJson());
        const ValueType numeric = typeOf(R"({"type":"boolean","trueValue":1,"falseValue":0})");
        CPPUNIT_ASSERT_EQUAL(std::string{"1"},
                             numeric.forDevice(DataValue::boolean(true)).toJson());
        const ValueType plain = typeOf(R"({"type":"boolean"})");
        CPPUNIT_ASSERT_EQUAL(std::string{"true"},
                             plain.forDevice(DataValue::boolean(true)).toJson());
        const ValueType date = typeOf(R"({"type":"date","format":"yyyyMMdd"})");
        CPPUNIT_ASSERT_EQUAL(std::string{"\"20231114\""},
                             date.forDevice(DataValue::integer(1'700'000'000'000)).toJson());
    }
};

CPPUNIT_TEST_SUITE_REGISTRATION(ThingModelTest);
