// SPDX-License-Identifier: Apache-2.0
// What a datagram costs in the engine, beside a bare recvmmsg/sendmmsg loop; what a DTLS handshake
// with a pre-shared key costs, and what a DTLS peer takes of memory. Server and devices are two
// processes; figures are those of the server's loop.
#include "dtls_fixture.hpp"
#include "fairlead/network/tls_context.hpp"
#include "receive_batch.hpp"
#include "send_batch.hpp"

#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <chrono>
#include <cstdio>
#include <fstream>
#include <thread>

using namespace fairlead;
using namespace fairlead::test;

namespace {

constexpr std::size_t kPeers = 256;
constexpr unsigned kBurst = 16;
constexpr std::size_t kPayloadBytes = 64;
constexpr std::size_t kDtlsPeers = 4'000;
constexpr std::size_t kAtOnce = 32; ///< handshakes in progress

using Clock = std::chrono::steady_clock;

double since(Clock::time_point begin) {
    return std::chrono::duration<double>(Clock::now() - begin).count();
}

double cpuSeconds() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& t) {
        return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double residentKiB() {
    std::ifstream file("/proc/self/statm");
    double total = 0;
    double resident = 0;
    file >> total >> resident;
    return resident * static_cast<double>(sysconf(_SC_PAGESIZE)) / 1024;
}

/// What the devices' process tells.
struct Outcome {
    double datagrams = 0;
    double lost = 0;
    double seconds = 0;
    double handshakes = 0;
};

/// Runs `devices` in a process of its own. It starts when `go` is written to.
class Devices {
public:
    explicit Devices(const std::function<void(std::uint16_t, Outcome&)>& devices) {
        shared_ = static_cast<Outcome*>(mmap(nullptr, sizeof(Outcome), PROT_READ | PROT_WRITE,
                                             MAP_SHARED | MAP_ANONYMOUS, -1, 0));
        if (pipe(go_) != 0 || pipe(done_) != 0 || (child_ = fork()) < 0) {
            throw std::runtime_error("cannot fork");
        }
        if (child_ == 0) {
            std::uint16_t port = 0;
            if (::read(go_[0], &port, sizeof(port)) == sizeof(port)) {
                devices(port, *shared_);
            }
            static_cast<void>(!::write(done_[1], "x", 1));
            char wait = 0;
            static_cast<void>(!::read(go_[0], &wait, 1)); // peers stay until they are measured
            _exit(0);
        }
    }
    ~Devices() {
        static_cast<void>(!::write(go_[1], "x", 1));
        waitpid(child_, nullptr, 0);
    }
    Devices(const Devices&) = delete;

    const Outcome& run(std::uint16_t port) {
        char wait = 0;
        static_cast<void>(!::write(go_[1], &port, sizeof(port)));
        static_cast<void>(!::read(done_[0], &wait, 1));
        return *shared_;
    }

private:
    Outcome* shared_;
    int go_[2] = {};
    int done_[2] = {};
    pid_t child_ = -1;
};

/// Bursts from many sockets, each answered before the socket's next one.
void plainDevices(std::uint16_t port, double seconds, Outcome& out) {
    std::vector<UdpClient> clients;
    for (std::size_t i = 0; i < kPeers; ++i) {
        clients.emplace_back(port);
    }
    const std::string payload = std::string(kPayloadBytes - 1, 'x') + "\n";
    std::array<mmsghdr, kBurst> messages{};
    std::array<iovec, kBurst> pieces{};
    std::vector<char> room(kBurst * 2048);
    const auto fill = [&](bool sending) {
        for (unsigned i = 0; i < kBurst; ++i) {
            pieces[i] = sending ? iovec{const_cast<char*>(payload.data()), payload.size()}
                                : iovec{room.data() + i * 2048, 2048};
            messages[i].msg_hdr.msg_iov = &pieces[i];
            messages[i].msg_hdr.msg_iovlen = 1;
        }
    };
    const auto begin = Clock::now();
    for (; since(begin) < seconds;) {
        fill(true);
        for (const UdpClient& client : clients) {
            sendmmsg(client.fd(), messages.data(), kBurst, 0);
        }
        fill(false);
        for (const UdpClient& client : clients) {
            unsigned got = 0;
            while (got < kBurst && client.hasInput(500)) {
                const int n =
                    recvmmsg(client.fd(), messages.data(), kBurst - got, MSG_DONTWAIT, nullptr);
                got += static_cast<unsigned>(std::max(n, 0));
            }
            out.datagrams += got;
            out.lost += kBurst - got;
        }
    }
    out.seconds = since(begin);
}

void report(const char* what, const Outcome& out, double cpu) {
    std::printf("%-28s %9.0f datagrams/s  %5.2f us of the loop each  %.0f lost\n", what,
                out.datagrams / out.seconds, cpu / out.datagrams * 1e6, out.lost);
    std::fflush(stdout);
}

void bareLoop(double seconds) {
    Devices devices([&](std::uint16_t port, Outcome& out) { plainDevices(port, seconds, out); });
    const int fd = socket(AF_INET, SOCK_DGRAM, 0);
    const int room = 8 << 20;
    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
    sockaddr_in own{};
    own.sin_family = AF_INET;
    own.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(own);
    static_cast<void>(bind(fd, reinterpret_cast<sockaddr*>(&own), size));
    getsockname(fd, reinterpret_cast<sockaddr*>(&own), &size);
    std::atomic<bool> stop{false};
    const double before = cpuSeconds();
    std::thread server([&] {
        network::ReceiveBatch in;
        network::SendBatch out;
        while (!stop) {
            pollfd p{fd, POLLIN, 0};
            if (poll(&p, 1, 100) != 1) {
                continue;
            }
            const int got = in.receive(fd);
            for (unsigned i = 0; static_cast<int>(i) < got; ++i) {
                out.add(in.from(i), in.datagram(i).data(), in.datagram(i).size());
            }
            out.send(fd);
        }
    });
    const Outcome outcome = devices.run(ntohs(own.sin_port));
    stop = true;
    server.join();
    report("bare recvmmsg/sendmmsg", outcome, cpuSeconds() - before);
    ::close(fd);
}

void plainEngine(double seconds) {
    Devices devices([&](std::uint16_t port, Outcome& out) { plainDevices(port, seconds, out); });
    FakeHandler handler;
    EngineFixture f({}, 1);
    const std::uint16_t port = f.open(gramSpec(f), &handler);
    const double before = cpuSeconds();
    const Outcome outcome = devices.run(port);
    report("engine, echoing type", outcome, cpuSeconds() - before);
}

/// Handshakes, some at a time; then echoes.
void secureDevices(std::uint16_t port, Outcome& out) {
    std::vector<std::unique_ptr<DtlsClient>> clients;
    const auto begin = Clock::now();
    for (std::size_t first = 0; first < kDtlsPeers; first += kAtOnce) {
        std::vector<DtlsClient*> open;
        for (std::size_t i = 0; i < kAtOnce; ++i) {
            clients.push_back(std::make_unique<DtlsClient>(
                port, DtlsClientOptions{"d1", "secret", nullptr, "PSK-AES128-CCM8", 0, true}));
            clients.back()->step();
            open.push_back(clients.back().get());
        }
        while (!open.empty()) {
            pollfd some{open.front()->socket().fd(), POLLIN, 0};
            poll(&some, 1, 1);
            std::erase_if(open, [&](DtlsClient* client) {
                if (!client->socket().hasInput(0)) {
                    return client->failed();
                }
                client->take(client->socket().read());
                const bool done = client->step();
                out.handshakes += done ? 1 : 0;
                return done || client->failed();
            });
        }
    }
    out.seconds = since(begin);
    static std::vector<std::unique_ptr<DtlsClient>> kept;
    kept = std::move(clients);
}

void secureEngine() {
    Devices devices(secureDevices);
    FakeHandler handler;
    handler.keys["d1"] = "secret";
    EngineFixture f({}, 1);
    auto spec = gramSpec(f);
    spec.tls = *network::TlsContext::makeDtls(nullptr, network::ClientCertificate::No, true);
    spec.datagram_bytes_max = 1280;
    const std::uint16_t port = f.open(spec, &handler);
    const double before = cpuSeconds();
    const double memory = residentKiB();
    const Outcome outcome = devices.run(port);
    const double cpu = cpuSeconds() - before;
    std::printf("DTLS, PSK-AES128-CCM8        %9.0f handshakes/s %5.1f us of the loop each (%.0f/s "
                "if it had nothing else to do)\n",
                outcome.handshakes / outcome.seconds, cpu / outcome.handshakes * 1e6,
                outcome.handshakes / cpu);
    std::printf("memory of a DTLS peer        %9.1f KiB (%.0f peers)\n",
                (residentKiB() - memory) / outcome.handshakes, outcome.handshakes);
    std::fflush(stdout);
}

} // namespace

int main(int argc, char** argv) {
    const double seconds = argc > 1 ? std::stod(argv[1]) : 5;
    rlimit files{};
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    std::printf("%zu peers, %zu bytes, bursts of %u\n", kPeers, kPayloadBytes, kBurst);
    for (int round = 0; seconds > 0 && round < 2; ++round) {
        bareLoop(seconds);
        plainEngine(seconds);
    }
    secureEngine();
    return 0;
}
