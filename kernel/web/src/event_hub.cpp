// SPDX-License-Identifier: Apache-2.0
// Design notes. `topics` (what waits to be sent, who wants what) is shared and under `mutex`, held
// for moments only; rings and streams belong to the broadcaster thread. Streams come in through
// `incoming` and leave through `cut`. A stream over TLS has a box of its own: the broadcaster puts
// text in, the serving thread takes it out and writes. The checking thread asks still_allowed,
// which may touch the database, so that the broadcaster never waits for it.
#include "fairlead/web/event_hub.hpp"

#include "event_ring.hpp"
#include "fairlead/base/assert.hpp"
#include "fairlead/base/id.hpp"
#include "fairlead/base/time.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <condition_variable>
#include <list>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

namespace fairlead::web {

namespace {

using Clock = std::chrono::steady_clock;
constexpr std::uint64_t kWakeTag = 0;
// A client has nothing to say after its request; this much is read and ignored.
constexpr std::size_t kClientChatterMax = 64 * 1024;

/// Text on its way to a stream that a thread of its own writes.
struct Box {
    std::mutex mutex;
    std::condition_variable changed;
    std::string text;
    bool closed = false;
};

struct Stream {
    std::uint64_t id = 0;
    int fd = -1; ///< -1: has a box
    std::shared_ptr<Box> box;
    std::shared_ptr<EventStreamStart> start;
    std::string backlog;
    std::size_t chatter = 0;
    bool wants_write = false;
    bool dead = false;
};

struct Topic {
    PendingItems pending;
    std::size_t streams = 0;
    Clock::time_point due{};       ///< the next event may leave then
    Clock::time_point unwatched{}; ///< since when nobody watches
    bool announced = false;        ///< the source knows
};

} // namespace

struct EventHub::Impl {
    explicit Impl(EventHubOptions o) : options(o), epoch(base::randomHex(4)) {}

    void wake() const {
        const std::uint64_t one = 1;
        [[maybe_unused]] const ssize_t written = ::write(wake_fd, &one, sizeof one);
    }

    std::uint64_t enqueue(Stream stream);
    void run();
    void check();
    void takeIncoming();
    void welcome(Stream& stream);
    void announce();
    void flushDue(Clock::time_point now);
    void append(Stream& stream, std::string_view text);
    void sendBacklog(Stream& stream);
    void drainInput(Stream& stream);
    void pingAll();
    void sweep();
    int waitMs(Clock::time_point now, Clock::time_point next_ping) const;
    const Demand* sourceOf(const std::string& topic) const;

    const EventHubOptions options;
    const std::string epoch;
    std::vector<std::pair<std::string, Demand>> sources;

    mutable std::mutex mutex;
    std::map<std::string, Topic> topics;
    std::vector<Stream> incoming;
    std::set<std::uint64_t> cut;
    std::map<std::string, std::size_t> logins;
    std::size_t count = 0;
    std::uint64_t next_id = 1;
    bool running = false;
    std::map<std::uint64_t, std::shared_ptr<EventStreamStart>> to_check;
    std::condition_variable check_wake;

    // The broadcaster's own.
    std::map<std::uint64_t, Stream> streams;
    std::map<std::string, EventRing> rings;
    std::uint64_t sequence = 0;

    int wake_fd = -1;
    int epoll_fd = -1;
    std::thread broadcaster;
    std::thread checker;
};

EventHub::EventHub(EventHubOptions options) : impl_(std::make_unique<Impl>(options)) {}

EventHub::~EventHub() {
    FL_ASSERT(!impl_->broadcaster.joinable());
}

void EventHub::addSource(std::string prefix, Demand demand) {
    FL_ASSERT(!impl_->broadcaster.joinable());
    impl_->sources.emplace_back(std::move(prefix), std::move(demand));
}

void EventHub::start() {
    FL_ASSERT(!impl_->broadcaster.joinable());
    impl_->wake_fd = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    impl_->epoll_fd = ::epoll_create1(EPOLL_CLOEXEC);
    FL_ASSERT(impl_->wake_fd >= 0 && impl_->epoll_fd >= 0);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = kWakeTag;
    ::epoll_ctl(impl_->epoll_fd, EPOLL_CTL_ADD, impl_->wake_fd, &event);
    {
        const std::lock_guard lock(impl_->mutex);
        impl_->running = true;
    }
    impl_->broadcaster = std::thread([this] { impl_->run(); });
    impl_->checker = std::thread([this] { impl_->check(); });
}

void EventHub::stop() {
    {
        const std::lock_guard lock(impl_->mutex);
        if (!impl_->running) {
            return;
        }
        impl_->running = false;
    }
    impl_->check_wake.notify_all();
    impl_->wake();
    impl_->broadcaster.join();
    impl_->checker.join();
    ::close(impl_->epoll_fd);
    ::close(impl_->wake_fd);
}

base::Status EventHub::admit(const std::string& login) const {
    const std::lock_guard lock(impl_->mutex);
    if (impl_->count >= impl_->options.streams_max) {
        return base::Error{base::Errc::Limit, "events.streams",
                           "too many live streams are open on this server"};
    }
    const auto found = impl_->logins.find(login);
    if (found != impl_->logins.end() && found->second >= impl_->options.streams_per_login_max) {
        return base::Error{base::Errc::Limit, "events.streams_per_login",
                           "this login has " +
                               std::to_string(impl_->options.streams_per_login_max) +
                               " live streams open already; close one"};
    }
    return {};
}

std::uint64_t EventHub::Impl::enqueue(Stream stream) {
    std::uint64_t id = 0;
    {
        const std::lock_guard lock(mutex);
        if (!running) {
            return 0;
        }
        id = next_id++;
        stream.id = id;
        ++count;
        ++logins[stream.start->login];
        to_check.emplace(id, stream.start);
        incoming.push_back(std::move(stream));
    }
    wake();
    return id;
}

void EventHub::add(int fd, std::shared_ptr<EventStreamStart> start) {
    const int flags = ::fcntl(fd, F_GETFL);
    ::fcntl(fd, F_SETFL, flags | O_NONBLOCK);
    Stream stream;
    stream.fd = fd;
    stream.start = std::move(start);
    if (impl_->enqueue(std::move(stream)) == 0) {
        ::close(fd);
    }
}

void EventHub::serve(std::shared_ptr<EventStreamStart> start, const Sink& sink) {
    const auto box = std::make_shared<Box>();
    Stream stream;
    stream.box = box;
    stream.start = std::move(start);
    const std::uint64_t id = impl_->enqueue(std::move(stream));
    if (id == 0) {
        return;
    }
    bool alive = true;
    while (alive) {
        std::string text;
        {
            std::unique_lock lock(box->mutex);
            box->changed.wait(lock, [&] { return box->closed || !box->text.empty(); });
            text.swap(box->text);
            alive = !box->closed || !text.empty();
        }
        alive = alive && (text.empty() || sink(text));
    }
    {
        const std::lock_guard lock(impl_->mutex);
        impl_->cut.insert(id);
    }
    impl_->wake();
}

void EventHub::publish(const std::string& topic, std::string item, std::string merge_key) {
    {
        const std::lock_guard lock(impl_->mutex);
        const auto found = impl_->topics.find(topic);
        if (found == impl_->topics.end() || !impl_->running) {
            return;
        }
        const bool first = found->second.pending.empty();
        found->second.pending.add(std::move(item), std::move(merge_key),
                                  impl_->options.pending_items_max);
        if (!first) {
            return;
        }
    }
    impl_->wake();
}

bool EventHub::wanted(const std::string& topic) const {
    const std::lock_guard lock(impl_->mutex);
    return impl_->topics.contains(topic);
}

std::vector<std::string> EventHub::wantedBelow(std::string_view prefix) const {
    const std::lock_guard lock(impl_->mutex);
    std::vector<std::string> found;
    for (auto at = impl_->topics.lower_bound(std::string{prefix});
         at != impl_->topics.end() && at->first.starts_with(prefix); ++at) {
        found.push_back(at->first);
    }
    return found;
}

std::size_t EventHub::streams() const {
    const std::lock_guard lock(impl_->mutex);
    return impl_->count;
}

const EventHub::Demand* EventHub::Impl::sourceOf(const std::string& topic) const {
    for (const auto& [prefix, demand] : sources) {
        if (prefix == topic || (prefix.ends_with('.') && topic.starts_with(prefix))) {
            return &demand;
        }
    }
    return nullptr;
}

int EventHub::Impl::waitMs(Clock::time_point now, Clock::time_point next_ping) const {
    Clock::time_point next = std::min(next_ping, now + std::chrono::seconds{1});
    const std::lock_guard lock(mutex);
    for (const auto& [name, topic] : topics) {
        if (!topic.pending.empty()) {
            next = std::min(next, topic.due);
        }
    }
    const auto wait = std::chrono::ceil<std::chrono::milliseconds>(next - now).count();
    return static_cast<int>(std::clamp<std::int64_t>(wait, 0, 1000));
}

void EventHub::Impl::run() {
    Clock::time_point next_ping = Clock::now() + options.ping_interval;
    std::array<epoll_event, 64> events{};
    for (;;) {
        const int ready = ::epoll_wait(epoll_fd, events.data(), static_cast<int>(events.size()),
                                       waitMs(Clock::now(), next_ping));
        for (int i = 0; i < ready; ++i) {
            const epoll_event& event = events[static_cast<std::size_t>(i)];
            if (event.data.u64 == kWakeTag) {
                std::uint64_t ignored = 0;
                [[maybe_unused]] const ssize_t n = ::read(wake_fd, &ignored, sizeof ignored);
                continue;
            }
            // A copy: the kernel's struct is packed, so its members are not aligned for references.
            const std::uint64_t id = event.data.u64;
            const auto found = streams.find(id);
            if (found == streams.end()) {
                continue;
            }
            if ((event.events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) {
                drainInput(found->second);
            }
            if ((event.events & EPOLLOUT) != 0) {
                sendBacklog(found->second);
            }
        }
        takeIncoming();
        announce();
        const Clock::time_point now = Clock::now();
        flushDue(now);
        if (now >= next_ping) {
            next_ping = now + options.ping_interval;
            pingAll();
        }
        sweep();
        const std::lock_guard lock(mutex);
        if (!running) {
            break;
        }
    }
    takeIncoming();
    for (auto& [id, stream] : streams) {
        stream.dead = true;
    }
    sweep();
}

void EventHub::Impl::takeIncoming() {
    std::vector<Stream> fresh;
    {
        const std::lock_guard lock(mutex);
        fresh.swap(incoming);
        for (const Stream& stream : fresh) {
            for (const std::string& name : stream.start->topics) {
                ++topics[name].streams;
            }
        }
    }
    for (Stream& stream : fresh) {
        for (const std::string& name : stream.start->topics) {
            rings.try_emplace(name, options.ring_events, sequence);
        }
        Stream& kept = streams.emplace(stream.id, std::move(stream)).first->second;
        if (kept.fd >= 0) {
            epoll_event event{};
            event.events = EPOLLIN | EPOLLRDHUP;
            event.data.u64 = kept.id;
            ::epoll_ctl(epoll_fd, EPOLL_CTL_ADD, kept.fd, &event);
        }
        welcome(kept);
    }
}

// Tells the browser how to come back, and replays what it missed. When some of that is gone, or the
// server is another one, "reset" tells the page to read its data again.
void EventHub::Impl::welcome(Stream& stream) {
    append(stream, "retry: " + std::to_string(options.retry.count()) + "\n: ok\n\n");
    const std::string& last = stream.start->last_event_id;
    if (last.empty()) {
        return;
    }
    const std::size_t dot = last.find('.');
    std::uint64_t seen = 0;
    bool whole = dot != std::string::npos && last.compare(0, dot, epoch) == 0;
    if (whole) {
        const char* end = last.data() + last.size();
        const auto [at, error] = std::from_chars(last.data() + dot + 1, end, seen);
        whole = error == std::errc{} && at == end;
    }
    std::vector<std::pair<std::uint64_t, std::string_view>> missed;
    for (const std::string& name : stream.start->topics) {
        const EventRing& ring = rings.at(name);
        whole = whole && ring.reaches(seen);
        ring.collect(seen, missed);
    }
    if (!whole) {
        append(stream, "event: reset\ndata: {}\n\n");
        return;
    }
    std::sort(missed.begin(), missed.end());
    for (const auto& [number, text] : missed) {
        append(stream, text);
    }
}

// Tells the sources about topics that became wanted or are not any more.
void EventHub::Impl::announce() {
    std::vector<std::pair<std::string, bool>> news;
    {
        const std::lock_guard lock(mutex);
        const Clock::time_point now = Clock::now();
        for (auto at = topics.begin(); at != topics.end();) {
            Topic& topic = at->second;
            if (!topic.announced) {
                topic.announced = true;
                news.emplace_back(at->first, true);
            }
            if (topic.streams == 0 && now - topic.unwatched >= options.linger) {
                news.emplace_back(at->first, false);
                rings.erase(at->first);
                at = topics.erase(at);
            } else {
                ++at;
            }
        }
    }
    for (const auto& [topic, is_wanted] : news) {
        if (const Demand* demand = sourceOf(topic); demand != nullptr) {
            (*demand)(topic, is_wanted);
        }
    }
}

void EventHub::Impl::flushDue(Clock::time_point now) {
    std::vector<std::pair<std::string, std::string>> ready;
    {
        const std::lock_guard lock(mutex);
        for (auto& [name, topic] : topics) {
            if (!topic.pending.empty() && topic.due <= now) {
                ready.emplace_back(name, topic.pending.take(base::toRfc3339(base::utcNow())));
                topic.due = now + options.topic_interval;
            }
        }
    }
    for (auto& [name, data] : ready) {
        ++sequence;
        std::string text = formatEvent(epoch + "." + std::to_string(sequence), name, data);
        for (auto& [id, stream] : streams) {
            const auto& wanted_topics = stream.start->topics;
            if (std::find(wanted_topics.begin(), wanted_topics.end(), name) !=
                wanted_topics.end()) {
                append(stream, text);
            }
        }
        if (const auto ring = rings.find(name); ring != rings.end()) {
            ring->second.add(sequence, std::move(text));
        }
    }
}

void EventHub::Impl::append(Stream& stream, std::string_view text) {
    if (stream.dead) {
        return;
    }
    if (stream.box != nullptr) {
        const std::lock_guard lock(stream.box->mutex);
        stream.box->text += text;
        stream.dead = stream.box->text.size() > options.backlog_bytes_max;
        stream.box->changed.notify_one();
        return;
    }
    stream.backlog += text;
    sendBacklog(stream);
    stream.dead = stream.dead || stream.backlog.size() > options.backlog_bytes_max;
}

void EventHub::Impl::sendBacklog(Stream& stream) {
    while (!stream.backlog.empty() && !stream.dead) {
        const ssize_t sent = ::send(stream.fd, stream.backlog.data(), stream.backlog.size(),
                                    MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent > 0) {
            stream.backlog.erase(0, static_cast<std::size_t>(sent));
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            break;
        } else if (errno != EINTR) {
            stream.dead = true;
        }
    }
    const bool wants = !stream.backlog.empty();
    if (wants != stream.wants_write && !stream.dead) {
        stream.wants_write = wants;
        epoll_event event{};
        event.events = EPOLLIN | EPOLLRDHUP | (wants ? static_cast<std::uint32_t>(EPOLLOUT) : 0U);
        event.data.u64 = stream.id;
        ::epoll_ctl(epoll_fd, EPOLL_CTL_MOD, stream.fd, &event);
    }
}

void EventHub::Impl::drainInput(Stream& stream) {
    std::array<char, 4096> buffer{};
    for (;;) {
        const ssize_t got = ::recv(stream.fd, buffer.data(), buffer.size(), MSG_DONTWAIT);
        if (got > 0) {
            stream.chatter += static_cast<std::size_t>(got);
            if (stream.chatter > kClientChatterMax) {
                stream.dead = true;
                return;
            }
        } else if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            return;
        } else if (got == 0 || errno != EINTR) {
            stream.dead = true;
            return;
        }
    }
}

void EventHub::Impl::pingAll() {
    for (auto& [id, stream] : streams) {
        append(stream, ": ping\n\n");
    }
}

void EventHub::Impl::sweep() {
    std::set<std::uint64_t> to_cut;
    {
        const std::lock_guard lock(mutex);
        to_cut.swap(cut);
    }
    std::vector<Stream> gone;
    for (auto at = streams.begin(); at != streams.end();) {
        if (at->second.dead || to_cut.contains(at->first)) {
            gone.push_back(std::move(at->second));
            at = streams.erase(at);
        } else {
            ++at;
        }
    }
    if (gone.empty()) {
        return;
    }
    const std::lock_guard lock(mutex);
    for (const Stream& stream : gone) {
        if (stream.fd >= 0) {
            ::close(stream.fd);
        } else {
            const std::lock_guard box_lock(stream.box->mutex);
            stream.box->closed = true;
            stream.box->changed.notify_one();
        }
        --count;
        to_check.erase(stream.id);
        if (const auto login = logins.find(stream.start->login); --login->second == 0) {
            logins.erase(login);
        }
        for (const std::string& name : stream.start->topics) {
            Topic& topic = topics.at(name);
            if (--topic.streams == 0) {
                topic.unwatched = Clock::now();
            }
        }
    }
}

void EventHub::Impl::check() {
    std::unique_lock lock(mutex);
    while (running) {
        check_wake.wait_for(lock, options.recheck_interval, [this] { return !running; });
        const auto snapshot = to_check;
        lock.unlock();
        std::set<std::uint64_t> refused;
        for (const auto& [id, start] : snapshot) {
            if (start->still_allowed && !start->still_allowed()) {
                refused.insert(id);
            }
        }
        lock.lock();
        cut.insert(refused.begin(), refused.end());
        if (!refused.empty()) {
            wake();
        }
    }
}

} // namespace fairlead::web
