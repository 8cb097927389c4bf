#include "dumper/copies.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <set>
#include <string_view>
#include <tuple>

#include "base/bytes_path.h"
#include "base/clock.h"
#include "base/file_io.h"
#include "dumper/damage.h"
#include "dumper/tree.h"
#include "scanner/item_id.h"

namespace repo {
namespace {

constexpr std::size_t kRecordLimit = std::size_t{16} << 20;

// What is wrong with a record that can be read.
std::string mistake_in(const GenerationSummary& record, const std::string& kind,
                       const std::string& id) {
  if (!record.is_intact) return "item.json was changed since it was written";
  if (record.kind != kind || record.id != id || record.path.empty() ||
      make_item_id(record.path) != id) {
    return "item.json is of another item";
  }
  // They become targets of restores: none leads out of the folder that a person names.
  if (!is_canonical_path(record.path) ||
      (!record.store.empty() &&
       (!is_canonical_path(record.store) || !is_within(record.store, record.path)))) {
    return "item.json has a path that is none";
  }
  return "";
}

// What its record says of the generation in an open folder.
Generation read_generation(int folder, const std::string& place, const CopiedItem& item) {
  Generation generation;
  generation.place = place;
  generation.stamp = place.substr(place.rfind('/') + 1);
  const Result<std::string> text = read_small_file(folder, "item.json", kRecordLimit);
  if (!text) {
    const Error error = reading_error("item.json", text.error().code);
    generation.is_ours = !is_damage(error);
    generation.unreadable = damage_text(error);
    return generation;
  }
  const Result<GenerationSummary> record = read_item_record(*text);
  if (!record) {
    generation.unreadable = describe(record.error());
    return generation;
  }
  generation.unreadable = mistake_in(*record, item.kind, item.id);
  if (!generation.unreadable.empty()) return generation;
  generation.stamp = record->generation;
  generation.record = *record;
  return generation;
}

// Nothing where it is gone by now.
void add_generation(const DumpRoot& root, const std::string& place, CopiedItem& item) {
  const Result<UniqueFd> folder = open_beneath(root.top.get(), place, O_RDONLY | O_DIRECTORY);
  if (!folder && folder.error().code == ENOENT) return;
  if (folder) {
    item.generations.push_back(read_generation(folder->get(), place, item));
    return;
  }
  const Error error = reading_error(place, folder.error().code);
  Generation generation;
  generation.stamp = place.substr(place.rfind('/') + 1);
  generation.place = place;
  generation.unreadable = damage_text(error);
  generation.is_ours = !is_damage(error);
  item.generations.push_back(std::move(generation));
}

// Names in a folder that may be missing; none where it cannot be read.
std::vector<std::string> folders_in(int top, const std::string& path) {
  const Result<UniqueFd> folder = open_beneath(top, path, O_RDONLY | O_DIRECTORY);
  if (!folder) return {};
  const Result<std::vector<Listed>> entries = entries_in(folder->get());
  std::vector<std::string> names;
  if (!entries) return names;
  for (const Listed& entry : *entries) {
    const bool is_folder = entry.type == DT_DIR || entry.type == DT_UNKNOWN;
    if (is_folder && !entry.name.starts_with('.')) names.push_back(entry.name);
  }
  return names;
}

}  // namespace

const Generation* CopiedItem::find(const std::string& stamp) const {
  const auto found =
      std::find_if(generations.begin(), generations.end(),
                   [&](const Generation& generation) { return generation.stamp == stamp; });
  return found == generations.end() ? nullptr : &*found;
}

bool CopiedItem::has_current() const {
  return !generations.empty() && generations.front().place.starts_with("current/");
}

Result<DumpRoot> open_copies(const std::string& dir) {
  DumpRoot root;
  root.path = dir;
  while (root.path.size() > 1 && root.path.back() == '/') root.path.pop_back();
  root.top = UniqueFd(open(dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!root.top) return system_error("open", dir, errno);
  for (const auto& [fd, name] :
       {std::pair(&root.current, "current"), {&root.older, "older"}, {&root.control, "control"}}) {
    *fd = open_directory(root.top.get(), name);
  }
  if (!root.current && !root.older) {
    return plain_error("use", dir,
                       "there are no copies in it: neither current/ nor older/ is there");
  }
  return root;
}

Result<std::vector<CopiedItem>> list_copies(const DumpRoot& root) {
  std::map<std::pair<std::string, std::string>, CopiedItem> found;  // kind, id
  auto item_of = [&](const std::string& kind, const std::string& id) -> CopiedItem& {
    CopiedItem& item = found[{kind, id}];
    item.kind = kind;
    item.id = id;
    return item;
  };
  const int top = root.top.get();
  for (const std::string& kind : folders_in(top, "current")) {
    for (const std::string& id : folders_in(top, "current/" + kind)) {
      add_generation(root, "current/" + kind + "/" + id, item_of(kind, id));
    }
  }
  for (const std::string& kind : folders_in(top, "older")) {
    for (const std::string& id : folders_in(top, "older/" + kind)) {
      const std::string above = "older/" + kind + "/" + id;
      std::vector<std::string> stamps = folders_in(top, above);
      std::sort(stamps.rbegin(), stamps.rend());
      for (const std::string& each : stamps) {
        add_generation(root, above + "/" + each, item_of(kind, id));
      }
    }
  }
  std::vector<CopiedItem> items;
  for (auto& [key, item] : found) {
    if (item.generations.empty()) continue;
    for (const Generation& generation : item.generations) {
      if (generation.record && item.path.empty()) item.path = generation.record->path;
    }
    Result<Proof> proof = load_proof(root.control.get(), item.kind, item.id);
    if (proof) {
      item.proof = *std::move(proof);
    } else {
      item.unreadable_proof = describe(proof.error());
    }
    items.push_back(std::move(item));
  }
  std::sort(items.begin(), items.end(), [](const CopiedItem& a, const CopiedItem& b) {
    if (a.path != b.path) return precedes_in_walk(a.path, b.path);
    return std::tie(a.kind, a.id) < std::tie(b.kind, b.id);
  });
  return items;
}

std::vector<std::string> missing_copies(const DumpRoot& root,
                                        const std::vector<CopiedItem>& items) {
  std::set<std::string> there;
  for (const CopiedItem& item : items) there.insert(item.kind + "/" + item.id);
  std::vector<std::string> missing;
  const int top = root.top.get();
  for (const std::string& kind : folders_in(top, "control/proofs")) {
    const Result<UniqueFd> folder =
        open_beneath(top, "control/proofs/" + kind, O_RDONLY | O_DIRECTORY);
    if (!folder) continue;
    const Result<std::vector<std::string>> names = names_in(folder->get());
    if (!names) continue;
    for (const std::string& name : *names) {
      constexpr std::string_view kEnd = ".json";
      if (name.starts_with('.') || !name.ends_with(kEnd)) continue;
      const std::string item = kind + "/" + name.substr(0, name.size() - kEnd.size());
      if (!there.contains(item)) missing.push_back(item);
    }
  }
  return missing;
}

Result<OpenGeneration> open_generation(const DumpRoot& root, const CopiedItem& item,
                                       const Generation& generation) {
  Error last = system_error("open", generation.place, ENOENT);
  for (const std::string& place :
       {generation.place, "older/" + item.kind + "/" + item.id + "/" + generation.stamp}) {
    Result<UniqueFd> folder = open_beneath(root.top.get(), place, O_RDONLY | O_DIRECTORY);
    if (!folder) {
      if (folder.error().code != ENOENT) last = system_error("open", place, folder.error().code);
      continue;
    }
    const Generation found = read_generation(folder->get(), place, item);
    if (found.stamp == generation.stamp) return OpenGeneration{*std::move(folder), place};
  }
  return last;
}

bool is_removed(int generation) {
  struct stat st = {};
  if (fstat(generation, &st) != 0 || st.st_nlink == 0) return true;
  // Retention takes the record away first.
  return fstatat(generation, "item.json", &st, AT_SYMLINK_NOFOLLOW) != 0 && errno == ENOENT;
}

}  // namespace repo
