// SPDX-License-Identifier: Apache-2.0
#include "fairlead/device/thing_model.hpp"

#include "date_format.hpp"
#include "fairlead/base/json.hpp"
#include "fairlead/base/text.hpp"

#include <algorithm>
#include <array>
#include <set>

namespace fairlead::device {

namespace {

using base::FieldError;
using base::JsonValue;

constexpr std::array<const char*, 17> kDataTypeNames{
    "int",  "long",     "short", "byte", "float", "double", "boolean",  "string",  "enum",
    "date", "password", "user",  "file", "array", "object", "geoPoint", "geoShape"};

/// Longest id of a property, function, event, tag or object member.
constexpr std::size_t kElementIdBytesMax = 64;
/// Mistakes listed in one answer.
constexpr std::size_t kModelErrorsMax = 100;

bool isElementId(std::string_view id) {
    const auto allowed = [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               c == '_' || c == '-' || c == '.' || c == '$';
    };
    return !id.empty() && id.size() <= kElementIdBytesMax &&
           std::all_of(id.begin(), id.end(), allowed);
}

/// A member that is a text or a number, as text: JSON is lax about "trueValue": 1.
std::string scalarText(const JsonValue& object, const char* name, const char* other) {
    const JsonValue* found = base::member(object, name);
    if (found == nullptr || found->IsNull()) {
        return other;
    }
    return found->IsString() ? std::string{found->GetString(), found->GetStringLength()}
                             : base::toText(*found);
}

std::optional<double> numberMember(const JsonValue& object, const char* name) {
    const JsonValue* found = base::member(object, name);
    if (found == nullptr || !found->IsNumber()) {
        return std::nullopt;
    }
    return found->GetDouble();
}

} // namespace

const char* toText(DataType type) noexcept {
    return kDataTypeNames[static_cast<std::size_t>(type)];
}

std::optional<DataType> parseDataType(std::string_view text) noexcept {
    for (std::size_t i = 0; i < kDataTypeNames.size(); ++i) {
        if (text == kDataTypeNames[i]) {
            return static_cast<DataType>(i);
        }
    }
    return std::nullopt;
}

/// Reads a model and collects everything that is wrong with it.
class ThingModelParser {
public:
    base::Result<std::shared_ptr<const ThingModel>> parse(std::string_view text);

private:
    void fail(const std::string& path, const char* code, std::string message) {
        if (errors_.size() < kModelErrorsMax) {
            errors_.push_back(FieldError{path, code, std::move(message)});
        }
    }
    const JsonValue* list(const JsonValue& root, const char* name);
    template <typename Read>
    void eachElement(const JsonValue& root, const char* name, const Read& read);
    bool identity(const JsonValue& element, const std::string& path, std::set<std::string>& ids,
                  std::string& id, std::string& name);
    void property(const JsonValue& element, const std::string& path);
    void function(const JsonValue& element, const std::string& path);
    void event(const JsonValue& element, const std::string& path);
    void tag(const JsonValue& element, const std::string& path);
    std::vector<FieldModel> fields(const JsonValue* list, const std::string& path, int depth);
    ValueType typeOf(const JsonValue& element, const char* member, const std::string& path);
    ValueType type(const JsonValue& json, const std::string& path, int depth);
    void numeric(const JsonValue& json, const std::string& path, ValueType& out);
    void enumeration(const JsonValue& json, const std::string& path, ValueType& out);
    void text(const JsonValue& json, const std::string& path, ValueType& out);
    void date(const JsonValue& json, const std::string& path, ValueType& out);
    void composite(const JsonValue& json, const std::string& path, int depth, ValueType& out);

    std::shared_ptr<ThingModel> model_ = std::make_shared<ThingModel>();
    std::vector<FieldError> errors_;
    std::size_t elements_ = 0;
    std::set<std::string> property_ids_, function_ids_, event_ids_, tag_ids_;
};

const JsonValue* ThingModelParser::list(const JsonValue& root, const char* name) {
    const JsonValue* found = base::member(root, name);
    if (found == nullptr || found->IsNull()) {
        return nullptr;
    }
    if (!found->IsArray()) {
        fail(name, "type", std::string{name} + " must be a list");
        return nullptr;
    }
    elements_ += found->Size();
    return found;
}

template <typename Read>
void ThingModelParser::eachElement(const JsonValue& root, const char* name, const Read& read) {
    const JsonValue* elements = list(root, name);
    if (elements == nullptr || elements_ > kModelElementsMax) {
        return;
    }
    for (rapidjson::SizeType i = 0; i < elements->Size(); ++i) {
        const std::string path = std::string{name} + "." + std::to_string(i);
        if ((*elements)[i].IsObject()) {
            read((*elements)[i], path);
        } else {
            fail(path, "type", path + " must be an object");
        }
    }
}

bool ThingModelParser::identity(const JsonValue& element, const std::string& path,
                                std::set<std::string>& ids, std::string& id, std::string& name) {
    id = base::textOr(element, "id", "");
    if (!isElementId(id)) {
        fail(path + ".id", "invalid",
             "an id has 1 to 64 characters of letters, digits and _ - . $; found \"" + id + "\"");
        return false;
    }
    if (!ids.insert(id).second) {
        fail(path + ".id", "duplicate", "the id \"" + id + "\" is used twice");
        return false;
    }
    name = base::textOr(element, "name", id);
    if (const auto characters = base::countCharacters(name);
        !characters || *characters > base::kNameCharsMax) {
        fail(path + ".name", "too_long", "the name of " + id + " is longer than 64 characters");
    }
    return true;
}

void ThingModelParser::property(const JsonValue& element, const std::string& path) {
    PropertyModel out;
    if (!identity(element, path, property_ids_, out.id, out.name)) {
        return;
    }
    out.description = base::textOr(element, "description", "");
    out.type = typeOf(element, "valueType", path);
    const JsonValue* expands = base::member(element, "expands");
    if (expands != nullptr && expands->IsObject()) {
        out.source = base::textOr(*expands, "source", "device");
        if (out.source != "device" && out.source != "manual" && out.source != "rule") {
            fail(path + ".expands.source", "invalid", "source is device, manual or rule");
        }
        const JsonValue* access = base::member(*expands, "type");
        if (access != nullptr && access->IsArray()) {
            const auto has = [access](std::string_view word) {
                return std::any_of(access->Begin(), access->End(), [word](const JsonValue& v) {
                    return v.IsString() && word == v.GetString();
                });
            };
            out.readable = has("read");
            out.writable = has("write");
            out.reported = has("report");
        }
    }
    model_->property_index_.emplace(out.id, model_->properties_.size());
    model_->properties_.push_back(std::move(out));
}

void ThingModelParser::function(const JsonValue& element, const std::string& path) {
    FunctionModel out;
    if (!identity(element, path, function_ids_, out.id, out.name)) {
        return;
    }
    out.description = base::textOr(element, "description", "");
    out.asynchronous = base::booleanOr(element, "async", false);
    out.inputs = fields(base::member(element, "inputs"), path + ".inputs", 1);
    const JsonValue* output = base::member(element, "output");
    if (output != nullptr && output->IsObject() && output->MemberCount() > 0) {
        out.output = std::make_shared<ValueType>(type(*output, path + ".output", 1));
    }
    model_->functions_.push_back(std::move(out));
}

void ThingModelParser::event(const JsonValue& element, const std::string& path) {
    EventModel out;
    if (!identity(element, path, event_ids_, out.id, out.name)) {
        return;
    }
    out.description = base::textOr(element, "description", "");
    const JsonValue* value_type = base::member(element, "valueType");
    if (value_type != nullptr && value_type->IsObject() && value_type->MemberCount() > 0) {
        out.type = std::make_shared<ValueType>(type(*value_type, path + ".valueType", 1));
    }
    if (const JsonValue* expands = base::member(element, "expands"); expands != nullptr) {
        out.level = base::textOr(*expands, "level", "ordinary");
        if (out.level != "ordinary" && out.level != "warn" && out.level != "urgent") {
            fail(path + ".expands.level", "invalid", "level is ordinary, warn or urgent");
        }
    }
    model_->events_.push_back(std::move(out));
}

void ThingModelParser::tag(const JsonValue& element, const std::string& path) {
    TagModel out;
    if (identity(element, path, tag_ids_, out.id, out.name)) {
        out.type = typeOf(element, "valueType", path);
        model_->tags_.push_back(std::move(out));
    }
}

std::vector<FieldModel> ThingModelParser::fields(const JsonValue* list, const std::string& path,
                                                 int depth) {
    std::vector<FieldModel> out;
    if (list == nullptr || list->IsNull()) {
        return out;
    }
    if (!list->IsArray() || list->Size() > kFieldsMax) {
        fail(path, "invalid", path + " must be a list of at most 100 members");
        return out;
    }
    std::set<std::string> ids;
    for (rapidjson::SizeType i = 0; i < list->Size(); ++i) {
        const std::string at = path + "." + std::to_string(i);
        const JsonValue& element = (*list)[i];
        FieldModel field;
        if (!element.IsObject() || !identity(element, at, ids, field.id, field.name)) {
            if (!element.IsObject()) {
                fail(at, "type", at + " must be an object");
            }
            continue;
        }
        const JsonValue* expands = base::member(element, "expands");
        field.required = base::booleanOr(element, "required", false) ||
                         (expands != nullptr && base::booleanOr(*expands, "required", false));
        const JsonValue* value_type = base::member(element, "valueType");
        if (value_type == nullptr || !value_type->IsObject()) {
            fail(at + ".valueType", "required", at + " needs a valueType");
            continue;
        }
        field.type = std::make_shared<ValueType>(type(*value_type, at + ".valueType", depth + 1));
        out.push_back(std::move(field));
    }
    return out;
}

ValueType ThingModelParser::typeOf(const JsonValue& element, const char* member,
                                   const std::string& path) {
    const JsonValue* json = base::member(element, member);
    if (json == nullptr || !json->IsObject()) {
        fail(path + "." + member, "required", path + " needs a " + member + " with a type");
        return {};
    }
    return type(*json, path + "." + member, 1);
}

ValueType ThingModelParser::type(const JsonValue& json, const std::string& path, int depth) {
    ValueType out;
    out.json = base::toText(json);
    const std::string_view name = base::textOr(json, "type", "");
    const auto kind = parseDataType(name);
    if (!kind) {
        fail(path + ".type", "invalid", "unknown data type \"" + std::string{name} + "\"");
        return out;
    }
    if (depth > kTypeDepthMax) {
        fail(path, "too_deep", "types are nested deeper than 8 levels");
        return out;
    }
    out.type = *kind;
    numeric(json, path, out);
    text(json, path, out);
    if (out.type == DataType::Enum) {
        enumeration(json, path, out);
    } else if (out.type == DataType::Date) {
        date(json, path, out);
    } else {
        composite(json, path, depth, out);
    }
    return out;
}

void ThingModelParser::numeric(const JsonValue& json, const std::string& path, ValueType& out) {
    out.minimum = numberMember(json, "min");
    out.maximum = numberMember(json, "max");
    if (out.minimum && out.maximum && *out.minimum > *out.maximum) {
        fail(path + ".min", "invalid", "min is larger than max");
    }
    const bool real = out.type == DataType::Float || out.type == DataType::Double;
    const std::int64_t scale = base::integerOr(json, "scale", real ? 2 : 0);
    if (scale < -1 || scale > 15) {
        fail(path + ".scale", "range", "scale is 0 to 15 digits, or -1 for as many as come");
    } else {
        out.scale = static_cast<int>(scale);
    }
    out.unit = scalarText(json, "unit", "");
}

void ThingModelParser::text(const JsonValue& json, const std::string& path, ValueType& out) {
    out.true_text = scalarText(json, "trueText", "是");
    out.false_text = scalarText(json, "falseText", "否");
    out.true_value = scalarText(json, "trueValue", "true");
    out.false_value = scalarText(json, "falseValue", "false");
    if (out.true_value == out.false_value) {
        fail(path + ".trueValue", "invalid", "trueValue and falseValue are the same");
    }
    const JsonValue* expands = base::member(json, "expands");
    std::int64_t length = expands == nullptr ? -1 : base::integerOr(*expands, "maxLength", -1);
    length = base::integerOr(json, "maxLength", length);
    if (length > 0) {
        out.length_max = std::min<std::size_t>(static_cast<std::size_t>(length), kValueBytesMax);
    }
    out.latitude = scalarText(json, "latProperty", "lat");
    out.longitude = scalarText(json, "lonProperty", "lon");
}

void ThingModelParser::enumeration(const JsonValue& json, const std::string& path, ValueType& out) {
    out.multiple = base::booleanOr(json, "multi", false);
    const JsonValue* elements = base::member(json, "elements");
    if (elements == nullptr || !elements->IsArray() || elements->Empty() ||
        elements->Size() > kEnumElementsMax) {
        fail(path + ".elements", "required", "an enum needs 1 to 500 elements");
        return;
    }
    std::set<std::string> values;
    for (rapidjson::SizeType i = 0; i < elements->Size(); ++i) {
        const JsonValue& element = (*elements)[i];
        const std::string at = path + ".elements." + std::to_string(i);
        if (!element.IsObject() || base::member(element, "value") == nullptr) {
            fail(at + ".value", "required", "an enum element needs a value");
            continue;
        }
        EnumElement entry{scalarText(element, "value", ""), {}};
        entry.text = scalarText(element, "text", entry.value.c_str());
        if (!values.insert(entry.value).second) {
            fail(at + ".value", "duplicate", "the value \"" + entry.value + "\" is used twice");
            continue;
        }
        out.elements.push_back(std::move(entry));
    }
}

void ThingModelParser::date(const JsonValue& json, const std::string& path, ValueType& out) {
    out.date_format = scalarText(json, "format", "timestamp");
    if (out.date_format != "timestamp" && !isDatePattern(out.date_format)) {
        fail(path + ".format", "invalid",
             "the date format is \"timestamp\" or made of yyyy MM dd HH mm ss SSS; found \"" +
                 out.date_format + "\"");
    }
    const std::string zone = scalarText(json, "tz", "");
    const auto offset = parseZone(zone);
    if (!offset) {
        fail(path + ".tz", "invalid",
             "the time zone is an offset such as +08:00, UTC or a name with a fixed offset such as "
             "Asia/Shanghai; found \"" +
                 zone + "\"");
        return;
    }
    out.offset_minutes = *offset;
}

void ThingModelParser::composite(const JsonValue& json, const std::string& path, int depth,
                                 ValueType& out) {
    if (out.type == DataType::Array) {
        const JsonValue* element = base::member(json, "elementType");
        if (element == nullptr || !element->IsObject()) {
            fail(path + ".elementType", "required", "an array needs an elementType");
            return;
        }
        out.element = std::make_shared<ValueType>(type(*element, path + ".elementType", depth + 1));
    } else if (out.type == DataType::Object) {
        out.fields = fields(base::member(json, "properties"), path + ".properties", depth);
    }
}

base::Result<std::shared_ptr<const ThingModel>> ThingModelParser::parse(std::string_view text) {
    if (text.size() > kModelBytesMax) {
        return base::Error{base::Errc::Limit, "thing_model.too_large",
                           "the thing model is larger than 256 KiB of JSON"};
    }
    FL_ASSIGN(const base::Json root, base::parseJson(text));
    if (!root.IsObject()) {
        return base::Error{base::Errc::Invalid, "thing_model.invalid",
                           "the thing model must be a JSON object"};
    }
    eachElement(root, "properties", [this](auto& e, auto& p) { property(e, p); });
    eachElement(root, "functions", [this](auto& e, auto& p) { function(e, p); });
    eachElement(root, "events", [this](auto& e, auto& p) { event(e, p); });
    eachElement(root, "tags", [this](auto& e, auto& p) { tag(e, p); });
    if (elements_ > kModelElementsMax) {
        fail("", "limit", "the thing model has more than 500 elements");
    }
    if (!errors_.empty()) {
        const std::string first = errors_.front().field + ": " + errors_.front().message;
        return base::Error{base::Errc::Invalid, "thing_model.invalid", "thing model: " + first}
            .with(std::move(errors_));
    }
    model_->json_ = "{";
    for (const char* name : {"properties", "functions", "events", "tags"}) {
        const JsonValue* found = base::member(root, name);
        model_->json_ += std::string{model_->json_.size() > 1 ? "," : ""} + "\"" + name + "\":" +
                         (found != nullptr && found->IsArray() ? base::toText(*found) : "[]");
    }
    model_->json_ += "}";
    return std::shared_ptr<const ThingModel>{model_};
}

base::Result<std::shared_ptr<const ThingModel>> ThingModel::parse(std::string_view json) {
    return ThingModelParser{}.parse(json);
}

std::shared_ptr<const ThingModel> ThingModel::empty() {
    static const std::shared_ptr<const ThingModel> kEmpty = parse("{}").value();
    return kEmpty;
}

const PropertyModel* ThingModel::property(std::string_view id) const noexcept {
    const auto found = property_index_.find(id);
    return found == property_index_.end() ? nullptr : &properties_[found->second];
}

const PropertyModel* ThingModel::property(std::string_view id, std::size_t& hint) const noexcept {
    if (hint < properties_.size() && properties_[hint].id == id) {
        return &properties_[hint++];
    }
    const auto found = property_index_.find(id);
    if (found == property_index_.end()) {
        return nullptr;
    }
    hint = found->second + 1;
    return &properties_[found->second];
}

const FunctionModel* ThingModel::function(std::string_view id) const noexcept {
    const auto found = std::find_if(functions_.begin(), functions_.end(),
                                    [id](const FunctionModel& f) { return f.id == id; });
    return found == functions_.end() ? nullptr : &*found;
}

const EventModel* ThingModel::event(std::string_view id) const noexcept {
    const auto found = std::find_if(events_.begin(), events_.end(),
                                    [id](const EventModel& e) { return e.id == id; });
    return found == events_.end() ? nullptr : &*found;
}

} // namespace fairlead::device
