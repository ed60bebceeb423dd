// SPDX-License-Identifier: Apache-2.0
#include "loop_context.hpp"

#include "fairlead/base/assert.hpp"

#include <algorithm>

namespace fairlead::gateway {

namespace {

/// How many completions ahead the memory of a connection is asked for.
constexpr std::size_t kAhead = 3;

} // namespace

ConnectionState& stateOf(network::Connection& connection) {
    FL_ASSERT(connection.user != nullptr);
    return *static_cast<ConnectionState*>(connection.user);
}

LoopContext::LoopContext(runtime::Loop& loop, device::Ingest& ingest) : loop_(loop) {
    lane_ = ingest.attach([this] { loop_.post([this] { drainCompletions(); }); });
    loop_.onRoundEnd([this] { lane_->flush(); });
}

void LoopContext::add(network::Connection& connection) {
    connections_[connection.id().value] = &connection;
}

void LoopContext::remove(network::Connection& connection) {
    connections_.erase(connection.id().value);
}

network::Connection* LoopContext::find(std::uint64_t id) const {
    const auto found = connections_.find(id);
    return found == connections_.end() ? nullptr : found->second;
}

void LoopContext::forEach(const std::function<void(network::Connection&)>& each) {
    std::vector<std::uint64_t> ids;
    ids.reserve(connections_.size());
    for (const auto& [id, connection] : connections_) {
        ids.push_back(id);
    }
    for (const std::uint64_t id : ids) {
        if (network::Connection* connection = find(id)) {
            each(*connection);
        }
    }
}

void LoopContext::waitForLane(network::Connection& connection) {
    ConnectionState& state = stateOf(connection);
    if (!state.waiting) {
        state.waiting = true;
        waiting_.push_back(connection.id().value);
        connection.pauseReading();
    }
}

void LoopContext::completeLater(network::Connection& connection, std::uint64_t token,
                                fl_status status, std::vector<OwnedTransport> reply,
                                std::function<void()> then) {
    late_.push_back({connection.id().value, token, status, std::move(reply), std::move(then)});
    if (!late_posted_) {
        late_posted_ = true;
        loop_.post([this] { runLate(); });
    }
}

void LoopContext::runLate() {
    late_posted_ = false;
    std::vector<Late> due;
    due.swap(late_);
    for (const Late& item : due) {
        network::Connection* connection = find(item.connection);
        if (connection == nullptr) {
            continue;
        }
        if (item.reply.empty()) {
            connection->complete(item.token, item.status, nullptr);
        } else {
            const fl_transport_message reply = item.reply.front().view();
            connection->complete(item.token, item.status, &reply);
        }
        if (item.then) {
            item.then();
        }
    }
}

void LoopContext::drainCompletions() {
    completions_.clear();
    lane_->completed(completions_);
    for (std::size_t i = 0; i < completions_.size(); ++i) {
        if (i + kAhead < completions_.size()) {
            // With thousands of connections none is in the cache: asked for before its turn.
            if (const network::Connection* next = find(completions_[i + kAhead].ticket.owner)) {
                next->prefetch();
            }
        }
        if (completions_[i].ticket.owner != 0) {
            complete(completions_[i]);
        }
    }
    if (!lane_->full()) {
        resumeWaiting();
    }
}

void LoopContext::complete(const device::Completion& completion) {
    network::Connection* connection = find(completion.ticket.owner);
    if (connection == nullptr) {
        return; // Closed meanwhile: what it sent is stored, the acknowledgement has no reader.
    }
    const fl_status status = completion.stored ? FL_OK : FL_E_IO;
    auto& replies = stateOf(*connection).replies;
    const auto found = std::find_if(replies.begin(), replies.end(), [&](const auto& reply) {
        return reply.token == completion.ticket.token;
    });
    if (found == replies.end()) {
        connection->complete(completion.ticket.token, status, nullptr);
        return;
    }
    const OwnedTransport owned = std::move(found->message);
    replies.erase(found);
    if (completion.stored) {
        const fl_transport_message reply = owned.view();
        connection->complete(completion.ticket.token, status, &reply);
    } else {
        connection->complete(completion.ticket.token, status, nullptr);
    }
}

void LoopContext::resumeWaiting() {
    std::vector<std::uint64_t> ids;
    ids.swap(waiting_);
    for (const std::uint64_t id : ids) {
        if (network::Connection* connection = find(id)) {
            stateOf(*connection).waiting = false;
            connection->resumeReading();
        }
    }
}

} // namespace fairlead::gateway
