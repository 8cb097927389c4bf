#include "dumper/publish.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "base/clock.h"
#include "base/file_io.h"
#include "dumper/tree_look.h"

namespace repo {
namespace {

constexpr std::size_t kRecordLimit = std::size_t{16} << 20;

Result<std::vector<std::string>> folders_in(int directory) {
  class Folders final : public TreeVisitor {
   public:
    std::vector<std::string> names;
    Result<Descend> enter(const TreeEntry& entry, int, const std::string& name) override {
      if (entry.path.empty()) return Descend::kYes;
      if (entry.is_directory()) names.push_back(name);
      return Descend::kNo;
    }
    Status leave(const TreeEntry&, int) override { return {}; }
  } visitor;
  if (Status walked = walk_tree({directory, std::nullopt}, visitor, kNoLimit); !walked) {
    return walked.error();
  }
  return std::move(visitor.names);
}

std::optional<GenerationSummary> generation_in(int directory, const std::string& folder) {
  const Result<std::string> text = read_small_file(directory, folder + "/item.json", kRecordLimit);
  if (!text) return std::nullopt;
  const Result<GenerationSummary> summary = read_item_record(*text);
  return summary ? std::optional(*summary) : std::nullopt;
}

// older/<kind>/<id>, made where it is missing, each new folder's entry on disk.
Result<UniqueFd> older_of(const DumpRoot& root, const std::string& kind, const std::string& id) {
  Result<UniqueFd> of_kind = open_or_make(root.older.get(), kind);
  if (!of_kind) return of_kind;
  Result<UniqueFd> of_item = open_or_make(of_kind->get(), id);
  if (!of_item) return of_item;
  if (fsync(root.older.get()) != 0 || fsync(of_kind->get()) != 0) {
    return system_error("fsync", "older/" + kind, errno);
  }
  return of_item;
}

bool has(int directory, const std::string& path) {
  return faccessat(directory, path.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

// In older/, of a generation whose record cannot be read. Two may be found in one second.
std::string unreadable_name(int older) {
  for (UtcTime time = utc_now();; time += std::chrono::seconds(1)) {
    std::string name = stamp(time) + ".unreadable";
    if (!has(older, name)) return name;
  }
}

// What lies in staging under `name` goes to older/.
Status retire(const DumpRoot& root, const std::string& kind, const std::string& id,
              const std::string& name, const std::optional<GenerationSummary>& record) {
  Result<UniqueFd> older = older_of(root, kind, id);
  if (!older) return older.error();
  const std::string generation = record ? record->generation : unreadable_name(older->get());
  if (renameat2(root.staging.get(), name.c_str(), older->get(), generation.c_str(),
                RENAME_NOREPLACE) != 0) {
    return system_error("rename", "older/" + kind + "/" + id + "/" + generation, errno);
  }
  if (fsync(older->get()) != 0) return system_error("fsync", "older/" + kind + "/" + id, errno);
  return {};
}

// Whether what lies in staging was displaced from current/: it is older than what is there now.
// Where one of the two records cannot be read, it may have been: better one copy too many.
bool was_published(const DumpRoot& root, const std::string& kind, const std::string& id) {
  const std::string name = staging_name(kind, id);
  const int staging = root.staging.get();
  for (const char* each : {"/data", "/SHA256SUMS", "/owners", "/item.json"}) {
    if (!has(staging, name + each)) return false;
  }
  if (!has(root.current.get(), kind + "/" + id)) return false;
  const auto staged = generation_in(staging, name);
  const auto current = generation_in(root.current.get(), kind + "/" + id);
  return !staged || !current || staged->generation < current->generation;
}

}  // namespace

std::string staging_name(const std::string& kind, const std::string& id) { return kind + "." + id; }

Result<UniqueFd> make_staging(const DumpRoot& root, const std::string& kind,
                              const std::string& id) {
  const std::string name = staging_name(kind, id);
  if (was_published(root, kind, id)) {
    return plain_error("replace", "control/staging/" + name,
                       "an earlier generation lies there, and could not be moved to older/");
  }
  if (Status removed = remove_tree(root.staging.get(), name); !removed) return removed.error();
  return open_or_make(root.staging.get(), name);
}

std::optional<GenerationSummary> current_generation(int current, const std::string& kind,
                                                    const std::string& id) {
  return generation_in(current, kind + "/" + id);
}

std::optional<Doubt> doubt_about(const DumpRoot& root, const std::string& kind,
                                 const std::string& id, const GenerationSummary& generation) {
  const Result<Proof> proof = load_proof(root.control.get(), kind, id);
  if (!proof) return Doubt{"what was found about it: " + describe(proof.error()), false};
  const std::string oldest =
      generation.copied_whole ? stamp(*generation.copied_whole) : std::string();
  const std::string first = std::min(oldest, generation.generation);
  if (const std::string* why = proof->why_bad_since(first)) return Doubt{*why, false};
  const std::string* why = proof->why_bad(generation.generation);
  if (!why) return std::nullopt;
  return Doubt{*why, generation.shared == 0};
}

Result<TreeLook> look_at_generation(int generation, const Patience& patience) {
  const Skip record = [](const std::string& path) { return path == "item.json"; };
  return look_at_tree({generation, std::nullopt}, record, patience, Seen(), Changes::kContent);
}

std::optional<std::string> newest_generation(const DumpRoot& root, const std::string& kind,
                                             const std::string& id) {
  std::optional<std::string> newest;
  if (const auto current = current_generation(root.current.get(), kind, id))
    newest = current->generation;
  const Result<UniqueFd> older =
      open_beneath(root.older.get(), kind + "/" + id, O_RDONLY | O_DIRECTORY);
  if (!older) return newest;
  const Result<std::vector<std::string>> names = folders_in(older->get());
  if (!names) return newest;
  for (const std::string& name : *names) {
    if (parse_stamp(name) && (!newest || *newest < name)) newest = name;
  }
  return newest;
}

std::string next_generation(UtcTime now, const std::optional<std::string>& newest) {
  const std::optional<UtcTime> last = newest ? parse_stamp(*newest) : std::nullopt;
  return stamp(last && *last >= now ? *last + std::chrono::seconds(1) : now);
}

Status publish(const DumpRoot& root, const std::string& kind, const std::string& id) {
  const std::string name = staging_name(kind, id);
  const std::string shown = "current/" + kind + "/" + id;
  Result<UniqueFd> of_kind = open_or_make(root.current.get(), kind);
  if (!of_kind) return of_kind.error();
  if (fsync(root.current.get()) != 0) return system_error("fsync", "current", errno);

  int failed =
      renameat2(root.staging.get(), name.c_str(), of_kind->get(), id.c_str(), RENAME_NOREPLACE);
  const bool exchange = failed != 0 && errno == EEXIST;
  if (exchange) {
    failed =
        renameat2(root.staging.get(), name.c_str(), of_kind->get(), id.c_str(), RENAME_EXCHANGE);
  }
  if (failed != 0) return system_error("publish", shown, errno);
  if (fsync(of_kind->get()) != 0) return system_error("fsync", shown, errno);
  if (fsync(root.staging.get()) != 0) return system_error("fsync", "control/staging", errno);
  return {};
}

Status retire_displaced(const DumpRoot& root, const std::string& kind, const std::string& id) {
  const std::string name = staging_name(kind, id);
  if (!has(root.staging.get(), name)) return {};
  return retire(root, kind, id, name, generation_in(root.staging.get(), name));
}

std::vector<Error> recover_staging(const DumpRoot& root) {
  std::vector<Error> errors;
  const Result<std::vector<std::string>> names = folders_in(root.staging.get());
  if (!names) return {names.error()};
  for (const std::string& name : *names) {
    const std::size_t dot = name.find('.');
    const std::string kind = name.substr(0, dot);
    const std::string id = dot == std::string::npos ? "" : name.substr(dot + 1);
    const bool published = !id.empty() && was_published(root, kind, id);
    const Status done =
        published ? retire_displaced(root, kind, id) : remove_tree(root.staging.get(), name);
    if (!done) errors.push_back(done.error());
  }
  return errors;
}

std::vector<std::string> surplus_generations(const std::vector<std::string>& older, int keep,
                                             const Proof& proof) {
  std::vector<std::pair<bool, std::string>> in_order;  // false sorts first: the bad ones
  for (const std::string& name : older) {
    if (parse_stamp(name)) in_order.emplace_back(!proof.why_bad(name), name);
  }
  std::sort(in_order.begin(), in_order.end());
  const std::size_t remain = keep > 1 ? static_cast<std::size_t>(keep - 1) : 0;
  in_order.resize(in_order.size() > remain ? in_order.size() - remain : 0);
  std::vector<std::string> surplus;
  for (auto& [good, name] : in_order) surplus.push_back(std::move(name));
  return surplus;
}

namespace {

// Removes these generations of an item, of which `older` is the open folder in older/.
Status remove_generations(const DumpRoot& root, int older, const std::string& kind,
                          const std::string& id, const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    // Out of older/ in one step, so that nothing there is ever half a generation.
    const std::string condemned = staging_name(kind, id);
    if (Status removed = remove_tree(root.staging.get(), condemned); !removed) return removed;
    if (renameat2(older, name.c_str(), root.staging.get(), condemned.c_str(), RENAME_NOREPLACE) !=
        0) {
      return system_error("remove", fmt::format("older/{}/{}/{}", kind, id, name), errno);
    }
    // A crash from here on would bring it back to older/: without its record it is no generation.
    unlinkat(root.staging.get(), (condemned + "/item.json").c_str(), 0);
    if (Status removed = remove_tree(root.staging.get(), condemned); !removed) return removed;
  }
  return {};
}

}  // namespace

Status apply_retention(const DumpRoot& root, const std::string& kind, const std::string& id,
                       int keep) {
  Result<UniqueFd> older = open_beneath(root.older.get(), kind + "/" + id, O_RDONLY | O_DIRECTORY);
  if (!older) return older.error().code == ENOENT ? Status() : Status(older.error());
  Result<std::vector<std::string>> names = folders_in(older->get());
  if (!names) return names.error();
  const Result<Proof> proof = load_proof(root.control.get(), kind, id);
  if (!proof) return proof.error();
  return remove_generations(root, older->get(), kind, id,
                            surplus_generations(*names, keep, *proof));
}

Status remove_damaged(const DumpRoot& root, const std::string& kind, const std::string& id) {
  Result<UniqueFd> older = open_beneath(root.older.get(), kind + "/" + id, O_RDONLY | O_DIRECTORY);
  if (!older) return older.error().code == ENOENT ? Status() : Status(older.error());
  Result<std::vector<std::string>> names = folders_in(older->get());
  if (!names) return names.error();
  const Result<Proof> proof = load_proof(root.control.get(), kind, id);
  if (!proof) return proof.error();
  std::erase_if(
      *names, [&](const std::string& name) { return !parse_stamp(name) || !proof->why_bad(name); });
  std::sort(names->begin(), names->end());
  if (!names->empty()) names->pop_back();  // somebody may want to look at one
  return remove_generations(root, older->get(), kind, id, *names);
}

Status remove_incomplete(const DumpRoot& root, const std::string& kind, const std::string& id,
                         int keep) {
  Result<UniqueFd> older = open_beneath(root.older.get(), kind + "/" + id, O_RDONLY | O_DIRECTORY);
  if (!older) return older.error().code == ENOENT ? Status() : Status(older.error());
  Result<std::vector<std::string>> names = folders_in(older->get());
  if (!names) return names.error();
  std::erase_if(*names, [&](const std::string& name) {
    const auto summary = generation_in(older->get(), name);
    return !summary || summary->missing.empty();
  });
  return remove_generations(root, older->get(), kind, id, surplus_generations(*names, keep));
}

Status forget(const DumpRoot& root, const std::string& kind, const std::string& id) {
  if (Status removed = apply_retention(root, kind, id, 1); !removed) return removed;
  const Result<UniqueFd> older = open_beneath(root.older.get(), kind, O_RDONLY | O_DIRECTORY);
  if (older) {  // what retention does not know
    if (Status removed = remove_tree(older->get(), id); !removed) return removed;
  }
  if (Status removed = forget_proof(root.control.get(), kind, id); !removed) return removed;
  const std::string name = staging_name(kind, id);
  if (Status removed = remove_tree(root.staging.get(), name); !removed) return removed;
  const std::string published = kind + "/" + id;
  if (renameat2(root.current.get(), published.c_str(), root.staging.get(), name.c_str(),
                RENAME_NOREPLACE) != 0) {
    return errno == ENOENT ? Status()
                           : Status(system_error("remove", "current/" + published, errno));
  }
  return remove_tree(root.staging.get(), name);
}

std::uint64_t bytes_to_be_freed(const DumpRoot& root, const std::string& kind,
                                const std::string& id, int keep, std::uint64_t shared_with_next) {
  Result<UniqueFd> older = open_beneath(root.older.get(), kind + "/" + id, O_RDONLY | O_DIRECTORY);
  std::vector<std::string> names;
  if (older) {
    Result<std::vector<std::string>> found = folders_in(older->get());
    if (found) names = *std::move(found);
  }
  const std::optional<GenerationSummary> current = current_generation(root.current.get(), kind, id);
  if (!current) return 0;
  std::uint64_t bytes = 0;
  names.push_back(current->generation);
  auto summary = [&](const std::string& name) {
    return name == current->generation ? current : generation_in(older->get(), name);
  };
  const std::vector<std::string> all = surplus_generations(names, 0);
  const std::size_t surplus = surplus_generations(names, keep).size();
  for (std::size_t i = 0; i < surplus; ++i) {
    const auto of = summary(all[i]);
    if (!of) continue;
    std::uint64_t shared = shared_with_next;
    if (i + 1 < all.size()) {
      const auto next = summary(all[i + 1]);
      shared = next ? next->shared : of->bytes;
    }
    bytes += of->bytes - std::min(of->bytes, shared);
  }
  return bytes;
}

}  // namespace repo
