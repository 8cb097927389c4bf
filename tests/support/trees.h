// Trees for tests of what reads, copies and removes trees: made, looked at, compared.
#pragma once

#include <sys/stat.h>

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "dumper/command_runner.h"

namespace repo::test {

// A minute for everything.
Patience patient();
// Already over.
Patience no_time();

// The test fails where it cannot be opened.
UniqueFd open_folder(const std::string& path);

void make_folder(const std::string& path);
void make_fifo(const std::string& path);
void make_socket(const std::string& path);  // at most 107 bytes
void make_link(const std::string& path, const std::string& text);
void set_mode(const std::string& path, mode_t mode);
void give_to(const std::string& path, unsigned id);  // user and group; a link itself
void set_mtime(const std::string& path, std::int64_t seconds, std::int64_t nanoseconds);

struct stat lstat_of(const std::string& path);
bool exists(const std::string& path);                        // also a link that leads nowhere
std::vector<std::string> names_in(const std::string& path);  // sorted

// "n/n/…/n", `depth` folders below `top`, made one by one by descriptors; how many were made.
int make_deep(const std::string& top, int depth);

// One line an entry, sorted by path: everything that stat says but the access time. Equal before
// and after: nothing was written there.
std::string snapshot(const std::string& top);
// The same for all that is no directory.
std::string snapshot_of_files(const std::string& top);

// What each entry is: "dir", "-> text", "fifo", or for a file its content. Keys are paths below
// `top`; "" for itself.
std::map<std::string, std::string> contents(const std::string& top);

// As contents(), and the files' x bits: "x " before the content.
std::map<std::string, std::string> contents_and_x(const std::string& top);

// Waits until the file system's clock has moved on, so that what changes from now on has another
// ctime than what has changed before.
void next_tick(const std::string& folder);

// Returns when everything in `top` was changed so long ago: nobody can set a ctime back.
void let_age(const std::string& top, std::chrono::seconds age);

}  // namespace repo::test
