// SPDX-License-Identifier: Apache-2.0
#include "fairlead/test/mariadb.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <stdexcept>
#include <string_view>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace fairlead::test {

namespace {

constexpr int kStartLimitMs = 60'000;

using Arguments = std::vector<std::string>;

[[noreturn]] void fail(const std::string& what) {
    throw std::runtime_error("MariaDB: " + what);
}

// Starts a program whose output goes to `log`; it dies with this process.
pid_t spawn(const Arguments& arguments, const std::string& log, const std::string& notify = {}) {
    std::vector<char*> argv;
    for (const std::string& argument : arguments) {
        argv.push_back(const_cast<char*>(argument.c_str()));
    }
    argv.push_back(nullptr);
    const pid_t pid = fork();
    if (pid != 0) {
        return pid;
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    const int fd = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    dup2(fd, STDOUT_FILENO);
    dup2(fd, STDERR_FILENO);
    if (!notify.empty()) {
        setenv("NOTIFY_SOCKET", notify.c_str(), 1);
    }
    execvp(argv[0], argv.data());
    _exit(127);
}

int waitFor(pid_t pid) {
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void run(const Arguments& arguments, const std::string& log) {
    const int code = waitFor(spawn(arguments, log));
    if (code != 0) {
        fail(arguments[0] + " ended with " + std::to_string(code) + "; see " + log);
    }
}

void addUser(Arguments& arguments) {
    if (geteuid() == 0) {
        arguments.emplace_back("--user=root");
    }
}

// The socket on which the server says that it is ready, as it would to systemd.
class ReadySocket {
public:
    explicit ReadySocket(const std::string& path)
        : fd_(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        if (path.size() >= sizeof address.sun_path) {
            fail("the temporary directory's name is too long for a socket: " + path);
        }
        std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
        unlink(path.c_str());
        if (bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
            fail("cannot bind " + path);
        }
    }
    ~ReadySocket() { close(fd_); }
    ReadySocket(const ReadySocket&) = delete;
    ReadySocket& operator=(const ReadySocket&) = delete;

    // False when nothing more came.
    bool wait(int limit_ms) const {
        std::array<char, 4096> buffer{};
        pollfd entry{fd_, POLLIN, 0};
        while (poll(&entry, 1, limit_ms) > 0) {
            const ssize_t n = recv(fd_, buffer.data(), buffer.size(), 0);
            const std::string_view text(buffer.data(), n > 0 ? static_cast<std::size_t>(n) : 0);
            if (text.find("READY=1") != std::string_view::npos) {
                return true;
            }
        }
        return false;
    }

private:
    int fd_;
};

} // namespace

MariaDb::MariaDb() : socket_((dir_.path() / "sock").string()) {
    Arguments arguments{"mariadb-install-db",
                        "--no-defaults",
                        "--datadir=" + (dir_.path() / "data").string(),
                        "--auth-root-authentication-method=normal",
                        "--skip-test-db",
                        "--skip-name-resolve"};
    addUser(arguments);
    run(arguments, (dir_.path() / "install.log").string());
    start();
}

MariaDb::~MariaDb() {
    if (pid_ > 0) {
        signalAndWait(SIGKILL);
    }
}

MariaDb& MariaDb::shared() {
    static MariaDb server;
    return server;
}

void MariaDb::start() {
    const std::string notify = (dir_.path() / "notify").string();
    const ReadySocket ready(notify);
    Arguments arguments{"mariadbd",
                        "--no-defaults",
                        "--datadir=" + (dir_.path() / "data").string(),
                        "--socket=" + socket_,
                        "--pid-file=" + (dir_.path() / "pid").string(),
                        "--skip-networking",
                        "--innodb-buffer-pool-size=64M",
                        "--innodb-log-file-size=16M",
                        "--character-set-server=latin1", // so that nothing relies on its default
                        "--max-connections=200"};
    addUser(arguments);
    pid_ = spawn(arguments, (dir_.path() / "server.log").string(), notify);
    if (!ready.wait(kStartLimitMs)) {
        signalAndWait(SIGKILL);
        fail("the server did not become ready");
    }
}

void MariaDb::signalAndWait(int signal) {
    ::kill(pid_, signal);
    waitFor(pid_);
    pid_ = -1;
}

void MariaDb::kill() {
    signalAndWait(SIGKILL);
}

void MariaDb::stop() {
    signalAndWait(SIGTERM);
}

std::string MariaDb::createSchema() {
    std::string name = "fairlead" + std::to_string(++schemas_);
    run({"mariadb", "--no-defaults", "--socket=" + socket_, "--user=root", "-e",
         "CREATE DATABASE " + name},
        (dir_.path() / "client.log").string());
    return name;
}

} // namespace fairlead::test
