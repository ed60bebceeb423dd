// SPDX-License-Identifier: Apache-2.0
#include "process.hpp"

#include <dirent.h>
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <string>

namespace fairlead::bench {
namespace {

using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

File open(const std::string& path) {
    return {std::fopen(path.c_str(), "r"), &std::fclose};
}

} // namespace

// Per-thread schedstat counts in nanoseconds, where /proc/pid/stat has ticks of 10 ms.
std::int64_t cpuNs(int pid) {
    const std::string root = "/proc/" + std::to_string(pid) + "/task";
    const std::unique_ptr<DIR, int (*)(DIR*)> dir(opendir(root.c_str()), &closedir);
    std::int64_t sum = 0;
    while (dir != nullptr) {
        const dirent* entry = readdir(dir.get());
        if (entry == nullptr) {
            break;
        }
        long long ns = 0;
        const File file = open(root + "/" + entry->d_name + "/schedstat");
        if (entry->d_name[0] != '.' && file != nullptr &&
            std::fscanf(file.get(), "%lld", &ns) == 1) {
            sum += ns;
        }
    }
    return sum;
}

std::int64_t residentBytes(int pid) {
    long long total = 0;
    long long resident = 0;
    const File file = open("/proc/" + std::to_string(pid) + "/statm");
    if (file == nullptr || std::fscanf(file.get(), "%lld %lld", &total, &resident) != 2) {
        return 0;
    }
    return resident * sysconf(_SC_PAGESIZE);
}

} // namespace fairlead::bench
