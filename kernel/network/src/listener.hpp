// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "shard.hpp"

#include <cstdint>
#include <memory>

namespace fairlead::network {

/// Accepts connections of one component on one loop. Thread: the loop's.
class Listener : public std::enable_shared_from_this<Listener> {
public:
    Listener(Shard& shard, std::shared_ptr<Endpoint> endpoint, Descriptor socket);

    void start() { arm(); }
    void stop();

private:
    void arm();
    void acceptSome();
    /// False: no more for now.
    bool acceptOne();
    bool acceptFailed(int code);
    void shedOne();
    bool admit(std::string_view& why) const;

    Shard& shard_;
    std::shared_ptr<Endpoint> endpoint_;
    Watch watch_;
    int fd_;
    bool stopped_ = false;
    std::uint64_t pause_timer_ = 0;
};

} // namespace fairlead::network
