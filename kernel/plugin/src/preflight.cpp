// SPDX-License-Identifier: Apache-2.0
// Design notes. Reads only what the loader will read: program headers, the dynamic section and the
// dynamic symbols (counted through the hash tables, because section headers may be stripped). Each
// access is checked against the file's size; a table that does not fit makes the file malformed.
#include "preflight.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <elf.h>
#include <optional>

namespace fairlead::plugin {
namespace {

using base::Errc;
using base::Error;
using base::Result;

constexpr std::string_view kEntry = "fl_plugin_entry_v1";
constexpr std::uint32_t kSymbolsMax = 1'000'000; // a static C++ runtime has about 10,000
constexpr std::size_t kProgramHeadersMax = 128;

#if defined(__x86_64__)
constexpr Elf64_Half kMachine = EM_X86_64;
#elif defined(__aarch64__)
constexpr Elf64_Half kMachine = EM_AARCH64;
#else
#error "add this machine to the preflight"
#endif

// The C and C++ runtime and what the server itself brings along.
constexpr std::array<std::string_view, 14> kAllowedLibraries = {"libc.so.6",
                                                                "libm.so.6",
                                                                "libpthread.so.0",
                                                                "libdl.so.2",
                                                                "librt.so.1",
                                                                "libgcc_s.so.1",
                                                                "libstdc++.so.6",
                                                                "ld-linux-x86-64.so.2",
                                                                "ld-linux-aarch64.so.1",
                                                                "libcrypto.so.3",
                                                                "libssl.so.3",
                                                                "libz.so.1",
                                                                "libc++.so.1",
                                                                "libc++abi.so.1"};

// Calls that change or end the whole process.
constexpr std::array<std::string_view, 20> kForbidden = {
    "fork",   "vfork",  "exit",      "_exit", "_Exit",  "quick_exit", "sigaction",
    "signal", "system", "setlocale", "chdir", "fchdir", "dlopen",     "dlmopen",
    "execve", "execv",  "execvp",    "popen", "setuid", "setgid"};

// Imports that leave something behind in threads of the host.
constexpr std::array<std::string_view, 3> kPinning = {
    "__cxa_thread_atexit", "__cxa_thread_atexit_impl", "pthread_key_create"};

template <class List>
bool contains(const List& list, std::string_view name) {
    return std::find(list.begin(), list.end(), name) != list.end();
}

Error malformed(const std::string& what) {
    return {Errc::Malformed, "plugin.malformed", what};
}
Error refused(const std::string& what) {
    return {Errc::Forbidden, "plugin.refused", what};
}

class Reader {
public:
    Reader(std::string_view file, const PreflightPolicy& policy) : file_(file), policy_(policy) {}

    Result<Preflight> run() {
        FL_TRY(readHeader());
        FL_TRY(readSegments());
        FL_TRY(readDynamic());
        FL_TRY(readSymbols());
        FL_TRY(judge());
        return std::move(out_);
    }

private:
    template <class T>
    std::optional<T> at(std::uint64_t offset) const {
        if (offset > file_.size() || file_.size() - offset < sizeof(T)) {
            return std::nullopt;
        }
        T value;
        std::memcpy(&value, file_.data() + offset, sizeof(T));
        return value;
    }

    // File offset of an address, through the loadable segments.
    std::optional<std::uint64_t> offsetOf(std::uint64_t address) const {
        for (const Elf64_Phdr& p : segments_) {
            if (p.p_type == PT_LOAD && address >= p.p_vaddr && address - p.p_vaddr < p.p_filesz) {
                return p.p_offset + (address - p.p_vaddr);
            }
        }
        return std::nullopt;
    }

    std::optional<std::string> text(std::uint64_t index) const {
        if (!strings_ || index >= strings_bytes_) {
            return std::nullopt;
        }
        const std::uint64_t start = *strings_ + index;
        const std::uint64_t end = std::min<std::uint64_t>(file_.size(), *strings_ + strings_bytes_);
        if (start >= end) {
            return std::nullopt;
        }
        const std::string_view rest = file_.substr(start, end - start);
        const std::size_t zero = rest.find('\0');
        return zero == std::string_view::npos ? std::nullopt
                                              : std::optional(std::string(rest.substr(0, zero)));
    }

    base::Status readHeader() {
        const auto header = at<Elf64_Ehdr>(0);
        if (!header || std::memcmp(header->e_ident, ELFMAG, SELFMAG) != 0) {
            return malformed("not an ELF file");
        }
        if (header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_ident[EI_DATA] != ELFDATA2LSB ||
            header->e_machine != kMachine) {
            return malformed("built for another kind of machine");
        }
        if (header->e_type != ET_DYN || header->e_phentsize != sizeof(Elf64_Phdr) ||
            header->e_phnum == 0 || header->e_phnum > kProgramHeadersMax) {
            return malformed("not a shared library");
        }
        header_ = *header;
        return {};
    }

    base::Status readSegments() {
        for (std::uint64_t i = 0; i < header_.e_phnum; ++i) {
            const auto p = at<Elf64_Phdr>(header_.e_phoff + i * sizeof(Elf64_Phdr));
            if (!p) {
                return malformed("the program headers are cut off");
            }
            const bool data = p->p_type == PT_LOAD || p->p_type == PT_DYNAMIC;
            if (data && (p->p_offset > file_.size() || p->p_filesz > file_.size() - p->p_offset)) {
                return malformed("a segment lies outside of the file");
            }
            if (p->p_type == PT_LOAD && (p->p_flags & PF_W) != 0 && (p->p_flags & PF_X) != 0) {
                return refused("a segment is writable and executable");
            }
            if (p->p_type == PT_GNU_STACK && (p->p_flags & PF_X) != 0) {
                return refused("it asks for an executable stack (link with -z noexecstack)");
            }
            segments_.push_back(*p);
        }
        return {};
    }

    base::Status readDynamic() {
        const auto found = std::find_if(segments_.begin(), segments_.end(),
                                        [](const auto& p) { return p.p_type == PT_DYNAMIC; });
        if (found == segments_.end()) {
            return malformed("no dynamic section");
        }
        for (std::uint64_t i = 0; i < found->p_filesz / sizeof(Elf64_Dyn); ++i) {
            const auto d = at<Elf64_Dyn>(found->p_offset + i * sizeof(Elf64_Dyn));
            if (!d || d->d_tag == DT_NULL) {
                break;
            }
            dynamic_.push_back(*d);
        }
        strings_ = offsetOf(value(DT_STRTAB));
        strings_bytes_ = value(DT_STRSZ);
        symbols_ = offsetOf(value(DT_SYMTAB));
        if (!strings_ || !symbols_) {
            return malformed("no dynamic symbols");
        }
        if (has(DT_TEXTREL) || (value(DT_FLAGS) & DF_TEXTREL) != 0) {
            return refused("its code has text relocations (build with -fPIC)");
        }
        if (has(DT_RPATH) || has(DT_RUNPATH)) {
            return refused("it brings its own library search path (RPATH or RUNPATH)");
        }
        return {};
    }

    bool has(Elf64_Sxword tag) const {
        return std::any_of(dynamic_.begin(), dynamic_.end(),
                           [tag](const Elf64_Dyn& d) { return d.d_tag == tag; });
    }
    std::uint64_t value(Elf64_Sxword tag) const {
        for (const Elf64_Dyn& d : dynamic_) {
            if (d.d_tag == tag) {
                return d.d_un.d_val;
            }
        }
        return 0;
    }

    // Number of dynamic symbols: nchain of the old hash table, or the end of the last chain of the
    // GNU one.
    std::optional<std::uint32_t> symbolCount() const {
        if (const auto hash = offsetOf(value(DT_HASH)); has(DT_HASH) && hash) {
            return at<std::uint32_t>(*hash + 4);
        }
        const auto gnu = offsetOf(value(DT_GNU_HASH));
        if (!has(DT_GNU_HASH) || !gnu) {
            return std::nullopt;
        }
        const auto buckets = at<std::uint32_t>(*gnu);
        const auto first = at<std::uint32_t>(*gnu + 4);
        const auto bloom = at<std::uint32_t>(*gnu + 8);
        if (!buckets || !first || !bloom) {
            return std::nullopt;
        }
        const std::uint64_t table = *gnu + 16 + std::uint64_t{*bloom} * 8;
        std::uint32_t last = 0;
        for (std::uint64_t i = 0; i < *buckets; ++i) {
            const auto start = at<std::uint32_t>(table + i * 4);
            if (!start) {
                return std::nullopt;
            }
            last = std::max(last, *start);
        }
        if (last < *first) {
            return first; // nothing exported: all symbols are before the hashed ones
        }
        const std::uint64_t chains = table + std::uint64_t{*buckets} * 4;
        for (;; ++last) {
            const auto link = at<std::uint32_t>(chains + std::uint64_t{last - *first} * 4);
            if (!link || last > kSymbolsMax) {
                return std::nullopt;
            }
            if ((*link & 1U) != 0) {
                return last + 1;
            }
        }
    }

    base::Status readSymbols() {
        const auto count = symbolCount();
        if (!count || *count > kSymbolsMax) {
            return malformed("its symbol table cannot be read");
        }
        for (std::uint64_t i = 1; i < *count; ++i) {
            const auto s = at<Elf64_Sym>(*symbols_ + i * sizeof(Elf64_Sym));
            const auto name = s ? text(s->st_name) : std::nullopt;
            if (!name) {
                return malformed("its symbol table is cut off");
            }
            const unsigned bind = ELF64_ST_BIND(s->st_info);
            if (s->st_shndx == SHN_UNDEF) {
                imports_.push_back(*name);
            } else if (bind != STB_LOCAL) {
                out_.exports.push_back(*name);
                if (bind == STB_GNU_UNIQUE) {
                    out_.unique.insert(*name);
                }
            }
        }
        return {};
    }

    // Refuses under a strict policy, else warns.
    base::Status complain(const std::string& what) {
        if (policy_.strict) {
            return refused(what);
        }
        out_.warnings.push_back(what);
        return {};
    }

    base::Status judge() {
        if (!contains(out_.exports, kEntry)) {
            return refused("it does not export " + std::string(kEntry));
        }
        for (const Elf64_Dyn& d : dynamic_) {
            if (d.d_tag != DT_NEEDED) {
                continue;
            }
            const auto name = text(d.d_un.d_val);
            if (!name) {
                return malformed("its list of needed libraries is cut off");
            }
            out_.needed.push_back(*name);
            if (!contains(kAllowedLibraries, *name) &&
                !contains(policy_.allowed_libraries, *name)) {
                FL_TRY(complain("it needs " + *name + ", which is not an allowed library"));
            }
        }
        for (const std::string& name : imports_) {
            if (contains(kForbidden, name)) {
                FL_TRY(complain("it calls " + name + ", which plugins must not"));
            }
            if (contains(kPinning, name)) {
                out_.not_unloadable.push_back("it imports " + name);
            }
        }
        judgeFlags();
        return {};
    }

    void judgeFlags() {
        if (!out_.unique.empty()) {
            out_.not_unloadable.push_back("it has unique symbols (build with -fno-gnu-unique)");
        }
        if ((value(DT_FLAGS_1) & DF_1_NODELETE) != 0) {
            out_.not_unloadable.push_back("it was linked with -z nodelete");
        }
        if ((value(DT_FLAGS) & DF_STATIC_TLS) != 0) {
            out_.not_unloadable.push_back("it uses static thread-local storage");
        }
        if (out_.exports.size() > 1) {
            out_.warnings.push_back("it exports " + std::to_string(out_.exports.size()) +
                                    " symbols; only " + std::string(kEntry) + " is needed");
        }
        if ((value(DT_FLAGS_1) & DF_1_NOW) == 0 && (value(DT_FLAGS) & DF_BIND_NOW) == 0) {
            out_.warnings.push_back("it was not linked with -z now");
        }
    }

    std::string_view file_;
    const PreflightPolicy& policy_;
    Elf64_Ehdr header_{};
    std::vector<Elf64_Phdr> segments_;
    std::vector<Elf64_Dyn> dynamic_;
    std::optional<std::uint64_t> strings_;
    std::uint64_t strings_bytes_ = 0;
    std::optional<std::uint64_t> symbols_;
    std::vector<std::string> imports_;
    Preflight out_;
};

} // namespace

Result<Preflight> preflight(std::string_view file, const PreflightPolicy& policy) {
    return Reader(file, policy).run();
}

} // namespace fairlead::plugin
