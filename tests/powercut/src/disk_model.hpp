// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace fairlead::powercut {

/// What a power cut would take away: every change of a file that no sync has covered yet, with what
/// is needed to undo it and to do it again. Not thread-safe; the caller holds one lock around the
/// real call and the record of it.
///
/// The model of the disk: a write is durable once a later fsync or fdatasync of its file returned;
/// a name (create, rename, unlink) once its directory, or the file itself, was synced. Until then
/// it may or may not survive, each write on its own and in any order, whole or in sectors.
class DiskModel {
public:
    using FileId = std::pair<dev_t, ino_t>;
    /// Position in the history; a sync that begins now covers what is before it.
    using Mark = std::uint64_t;

    Mark mark() const noexcept { return next_; }

    /// A descriptor that reads and writes the file, opened through `path` (/proc/self/fd/… or a
    /// name) when the model has none yet; -1 when that fails. Stays open for the life of the
    /// process.
    int descriptorOf(FileId file, const std::string& path);

    struct Change {
        FileId file;
        off_t offset = 0;
        off_t old_size = 0;
        off_t new_size = 0;
        std::string old_bytes; ///< at offset, up to the old size
        std::string new_bytes; ///< at offset; empty when only the size changed
    };
    void wrote(Change change);

    enum class NameKind : std::uint8_t { Created, Renamed, Removed };
    struct NameChange {
        NameKind kind = NameKind::Created;
        FileId directory;
        FileId file;
        std::string from;  ///< absolute path; Renamed: the old name
        std::string to;    ///< Renamed: the new name
        int replaced = -1; ///< descriptor of the file that was there (Renamed) or went (Removed)
    };
    void named(NameChange change);

    /// A sync of this file or directory returned; it began at `begun`. `names_too`: a file's sync
    /// makes its name durable as well, as it does on ext4; POSIX wants the directory synced.
    void synced(FileId file, Mark begun, bool names_too);
    void syncedAll(Mark begun);

    struct Outcome {
        std::uint64_t writes = 0; ///< not synced
        std::uint64_t bytes = 0;
        std::uint64_t kept = 0;  ///< of those, done again
        std::uint64_t names = 0; ///< undone
    };
    /// Undoes everything not synced; keeps each write with a chance of `keep_percent`, sector by
    /// sector. `random` yields numbers.
    Outcome cut(unsigned keep_percent, std::uint64_t (*random)());

private:
    void undo(const Change& change) const;
    std::uint64_t redo(const Change& change, unsigned keep_percent,
                       std::uint64_t (*random)()) const;
    static void undo(const NameChange& change);
    static void release(NameChange& change);

    Mark next_ = 1;
    std::map<FileId, int> descriptors_;
    std::map<Mark, Change> writes_;
    std::map<Mark, NameChange> names_;
};

} // namespace fairlead::powercut
