// SPDX-License-Identifier: Apache-2.0
#include "latest.hpp"

#include "bytes.hpp"

#include <algorithm>

namespace fairlead::device {

namespace {

constexpr std::uint8_t kLatestFormat = 1;

} // namespace

LatestValues::Slot* LatestValues::locate(std::string_view id) {
    for (std::size_t step = 0; step < slots_.size(); ++step) {
        std::size_t at = next_ + step;
        at -= at >= slots_.size() ? slots_.size() : 0;
        if (slots_[at].id == id) {
            next_ = at + 1 == slots_.size() ? 0 : at + 1;
            return &slots_[at];
        }
    }
    return nullptr;
}

bool LatestValues::apply(std::string_view id, const fl_value& value, Quality quality, bool declared,
                         base::UtcMs time, base::UtcMs received_at) {
    Slot* slot = locate(id);
    if (slot == nullptr) {
        if (!declared && undeclared_ >= kUndeclaredMax) {
            return false;
        }
        undeclared_ += declared ? 0 : 1;
        slot = &slots_.emplace_back();
        slot->id = id;
        next_ = 0;
    } else if (time < std::min(slot->time, received_at + kClockAheadMs)) {
        return true;
    }
    if (slot->declared != declared && !slot->value.isNull()) {
        undeclared_ += declared ? std::size_t(-1) : 1;
    }
    slot->declared = declared;
    slot->value.assign(value);
    slot->quality = quality;
    slot->time = time;
    slot->received_at = received_at;
    changed_at_ = std::max(changed_at_, received_at);
    return true;
}

const LatestValues::Slot* LatestValues::find(std::string_view id) const {
    const auto found = std::find_if(slots_.begin(), slots_.end(),
                                    [id](const Slot& slot) { return slot.id == id; });
    return found == slots_.end() ? nullptr : &*found;
}

std::string LatestValues::save() const {
    std::string out;
    ByteWriter writer(out);
    writer.room(1 + kNumberBytesMax);
    writer.byte(kLatestFormat);
    writer.number(slots_.size());
    for (const Slot& slot : slots_) {
        const fl_value value = slot.value.view();
        writer.room(slot.id.size() + roomOf(value) + 4 * kNumberBytesMax);
        writer.text(slot.id);
        writer.byte(static_cast<std::uint8_t>(value.kind | (slot.declared ? 0U : 0x80U)));
        writer.byte(static_cast<std::uint8_t>(slot.quality));
        writer.signedNumber(slot.time);
        writer.signedNumber(slot.received_at);
        writer.payload(value);
    }
    writer.finish();
    return out;
}

bool LatestValues::load(std::string_view bytes) {
    slots_.clear();
    next_ = 0;
    undeclared_ = 0;
    ByteReader reader(bytes);
    if (reader.byte() != kLatestFormat) {
        return false;
    }
    const std::uint64_t count = reader.number();
    for (std::uint64_t i = 0; i < count && reader.ok(); ++i) {
        Slot slot;
        slot.id = reader.text();
        const std::uint8_t kind = reader.byte();
        slot.declared = (kind & 0x80U) == 0;
        slot.quality = static_cast<Quality>(std::min<std::uint8_t>(reader.byte(), 2));
        slot.time = reader.signedNumber();
        slot.received_at = reader.signedNumber();
        slot.value.assign(reader.payload(kind & 0x7fU));
        undeclared_ += slot.declared ? 0 : 1;
        slots_.push_back(std::move(slot));
    }
    return reader.ok();
}

} // namespace fairlead::device
