// Sources: mercurial/localrepo.py, makelocalrepository() (any directory `.hg` is a repository;
// `sharedpath` names the .hg whose store is used; share-safe: the store has a `requires` of its
// own).

#include <algorithm>
#include <cerrno>
#include <set>

#include "base/text.h"
#include "scanner/hg_store.h"
#include "scanner/probe.h"

namespace repo {
namespace {

constexpr std::size_t kSmall = 65536;

// Adds the lines of a file `requires`; false where it cannot be read (ancient repositories have
// none).
bool add_requirements(const Directory& hg, const std::string& path, std::set<std::string>& lines) {
  const Result<std::string> text = hg.read_file(path, kSmall);
  if (!text) return false;
  for (std::string_view rest = *text; !rest.empty();) lines.emplace(take_line(rest));
  return true;
}

// What is needed to read it, sorted, with blanks between.
void put_requirements(const std::set<std::string>& lines, Detail& detail) {
  std::string all;
  for (const std::string& line : lines) all += (all.empty() ? "" : " ") + line;
  if (!all.empty()) detail.emplace_back("requirements", std::move(all));
}

bool has(const Directory& directory, const std::string& path) {
  return static_cast<bool>(directory.stat_entry(path));
}

}  // namespace

ProbeResult probe_hg(const Directory& directory) {
  const Result<Metadata> top = directory.stat_entry(".hg");
  if (!top)
    return top.error().code == ENOENT ? ProbeResult()
                                      : broken(".hg", top.error().code, "cannot look at it");
  if (top->type == EntryType::kSymlink) {
    const Result<std::string> target = directory.read_link(".hg");
    return broken(".hg", ELOOP,
                  "hg repository behind a symbolic link" +
                      (target ? " to " + *target : std::string()) + ", which is not followed");
  }
  if (top->type != EntryType::kDirectory) return {};
  // A folder that cannot be entered says EACCES for everything in it.
  const Result<std::unique_ptr<Directory>> opened = directory.open_directory(".hg", false);
  if (!opened) return broken(".hg", opened.error().code, "hg repository that cannot be read");
  const Directory& hg = **opened;

  const bool shared = has(hg, "sharedpath");
  if (!shared && !has(hg, "requires") && !has(hg, "store") && !has(hg, "00changelog.i") &&
      !has(hg, "data")) {
    return broken(".hg", 0, "empty .hg: a repository whose content is gone, or that never had any");
  }
  std::set<std::string> needed;
  bool is_told = add_requirements(hg, "requires", needed);
  if (shared) {
    Result<std::string> target = hg.read_file("sharedpath", kSmall);
    if (!target) {
      return broken(".hg/sharedpath", target.error().code, "hg share whose source cannot be read");
    }
    while (target->ends_with('\n')) target->pop_back();
    std::string from_here = target->starts_with('/') ? *target : ".hg/" + *target;
    Detail detail{{"shared", *std::move(target)}};
    if (is_told) put_requirements(needed, detail);  // of its own; the store has more
    return {.detail = std::move(detail), .target = Target{std::move(from_here), "share"}};
  }

  if (needed.contains("shared") || needed.contains("relshared")) {
    return broken(".hg/sharedpath", ENOENT, "hg share that does not say of what");
  }
  const Result<Metadata> store = hg.stat_entry("store");
  if (!store && store.error().code != ENOENT) {
    return broken(".hg/store", store.error().code, "hg repository whose store cannot be read");
  }
  if (!store && (needed.contains("store") || needed.contains("share-safe"))) {
    return broken(".hg/store", ENOENT, "hg repository whose store is gone");
  }
  if (store && store->type == EntryType::kSymlink) {
    return broken(".hg/store", ELOOP, "hg repository whose store is a symbolic link");
  }
  Result<Detail> facts = Detail();
  if (store) {
    const Result<std::unique_ptr<Directory>> inside = hg.open_directory("store", false);
    facts = inside ? read_hg_store(**inside) : Result<Detail>(inside.error());
  } else {
    facts = read_hg_store(hg);
  }
  if (!facts) {
    return broken(store ? ".hg/store/00changelog.i" : ".hg/00changelog.i", facts.error().code,
                  facts.error().code == 0 ? "hg repository: " + facts.error().message
                                          : "hg repository whose changelog cannot be read");
  }
  if (needed.contains("share-safe")) {
    is_told = add_requirements(hg, "store/requires", needed) && is_told;
  }
  if (is_told) put_requirements(needed, *facts);
  return {.detail = *std::move(facts)};
}

}  // namespace repo
