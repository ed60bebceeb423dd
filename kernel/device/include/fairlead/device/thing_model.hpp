// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/base/result.hpp"
#include "fairlead/device/data_value.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace fairlead::device {

inline constexpr std::size_t kModelElementsMax =
    500; ///< properties, functions, events, tags in all
inline constexpr std::size_t kModelBytesMax = 256U * 1024; ///< JSON text
inline constexpr int kTypeDepthMax = 8;                    ///< arrays and objects in each other
inline constexpr std::size_t kEnumElementsMax = 500;
inline constexpr std::size_t kFieldsMax = 100; ///< of one object type, or inputs of a function

enum class DataType {
    Int,
    Long,
    Short,
    Byte,
    Float,
    Double,
    Boolean,
    String,
    Enum,
    Date,
    Password,
    User,
    File,
    Array,
    Object,
    GeoPoint,
    GeoShape
};
const char* toText(DataType type) noexcept;
std::optional<DataType> parseDataType(std::string_view text) noexcept;

struct ValueType;

/// A member of an object, or an input of a function.
struct FieldModel {
    std::string id;
    std::string name;
    bool required = false;
    std::shared_ptr<const ValueType> type;
};

struct EnumElement {
    std::string value;
    std::string text;
};

/// A data type with its options. Immutable once parsed.
struct ValueType {
    DataType type = DataType::String;
    std::optional<double> minimum;
    std::optional<double> maximum;
    int scale = 2; ///< digits after the point of float and double, rounded half up; -1: as it comes
    std::string unit;
    std::string true_text, false_text;   ///< boolean
    std::string true_value, false_value; ///< boolean: what devices send instead of true and false
    std::size_t length_max = kValueBytesMax; ///< string, in characters
    std::vector<EnumElement> elements;
    bool multiple = false;   ///< enum
    std::string date_format; ///< "timestamp" or a pattern such as yyyy-MM-dd HH:mm:ss
    int offset_minutes = 0;  ///< east of UTC, for dates without an offset of their own
    std::shared_ptr<const ValueType> element;        ///< array
    std::vector<FieldModel> fields;                  ///< object
    std::string latitude = "lat", longitude = "lon"; ///< geoPoint
    std::string json;                                ///< as it was given, for pages

    /// Checks `value` and brings it into the form of this type: integers within their range and
    /// limits, decimals rounded, true and false values, enum elements, dates as UTC milliseconds,
    /// objects and arrays as JSON text. Numbers and booleans are also taken from text.
    /// Errors: Invalid, naming `path` and what was expected.
    /// Allocates: not for numbers, booleans and short texts.
    base::Result<void> convert(const fl_value& value, std::string_view path, DataValue& out) const;

    /// The way back, for what is sent to a device: its own true and false values, its date format.
    DataValue forDevice(const DataValue& value) const;

    /// For people: unit, texts of booleans and enum elements, dates as RFC 3339.
    std::string toText(const fl_value& value) const;
};

struct PropertyModel {
    std::string id;
    std::string name;
    std::string description;
    ValueType type;
    bool readable = true;
    bool writable = false;
    bool reported = true;
    std::string source = "device"; ///< "device", "manual", "rule"
};

struct FunctionModel {
    std::string id;
    std::string name;
    std::string description;
    bool asynchronous = false;
    std::vector<FieldModel> inputs;
    std::shared_ptr<const ValueType> output; ///< may be nullptr
};

struct EventModel {
    std::string id;
    std::string name;
    std::string description;
    std::string level = "ordinary";        ///< "ordinary", "warn", "urgent"
    std::shared_ptr<const ValueType> type; ///< may be nullptr
};

struct TagModel {
    std::string id;
    std::string name;
    ValueType type;
};

/// What a product's devices can say and do. Immutable; shared by snapshots. Thread: any.
class ThingModel {
public:
    /// From the JSON of the API, {properties, functions, events, tags}; every list may be missing.
    /// Errors: one Error (Invalid, code "thing_model.invalid") with all that is wrong by field
    /// path.
    static base::Result<std::shared_ptr<const ThingModel>> parse(std::string_view json);
    /// Without any element.
    static std::shared_ptr<const ThingModel> empty();

    const std::vector<PropertyModel>& properties() const noexcept { return properties_; }
    const std::vector<FunctionModel>& functions() const noexcept { return functions_; }
    const std::vector<EventModel>& events() const noexcept { return events_; }
    const std::vector<TagModel>& tags() const noexcept { return tags_; }

    /// nullptr when there is none of that id.
    const PropertyModel* property(std::string_view id) const noexcept;
    /// The same, looking at place `hint` first, which then becomes the place behind the found one.
    const PropertyModel* property(std::string_view id, std::size_t& hint) const noexcept;
    const FunctionModel* function(std::string_view id) const noexcept;
    const EventModel* event(std::string_view id) const noexcept;

    /// JSON text of the four lists; members of elements that mean nothing to us are kept.
    const std::string& json() const noexcept { return json_; }

private:
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const noexcept {
            return std::hash<std::string_view>{}(text);
        }
    };

    std::vector<PropertyModel> properties_;
    std::vector<FunctionModel> functions_;
    std::vector<EventModel> events_;
    std::vector<TagModel> tags_;
    std::unordered_map<std::string, std::size_t, Hash, std::equal_to<>> property_index_;
    std::string json_;

    friend class ThingModelParser;
};

} // namespace fairlead::device
