#include "scanner/examine.h"

#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <optional>
#include <utility>

#include "base/bytes_path.h"
#include "scanner/pointers.h"
#include "scanner/probe.h"
#include "scanner/signature.h"
#include "scanner/user_probe.h"

namespace repo {
namespace {

bool is_dump_root(const Directory& directory) {
  const Result<Metadata> marker = directory.stat_entry(std::string(kDumpRootMarker));
  return marker && marker->type == EntryType::kFile &&
         (marker->uid == 0 || marker->uid == geteuid());
}

bool is_one_of(const std::vector<std::string>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

void drop_children(WalkNode& node, const std::vector<std::string>& pruned) {
  std::erase_if(node.offsets, [&](std::uint32_t offset) {
    return is_one_of(pruned, node.names.data() + offset);
  });
}

// Whether there are mounts in what a probe looks at, and none of them may hang. (One that is
// pruned, since the walk comes to the same elsewhere, is as much a part of the repository.)
bool goes_into_mounts(const WalkMap::Node* map, const std::string& inside) {
  if (map == nullptr || map->children.empty()) return false;
  if (inside.empty()) return map->is_sure_below();
  const WalkMap::Node* part = map->child(inside);
  return part != nullptr && part->is_sure();
}

std::optional<ProbeResult> look(const WalkNode& node, const Signature& signature) {
  if (goes_into_mounts(node.map, signature.inside)) {
    if (const auto crossing = node.directory->open_directory(".", false)) {
      (*crossing)->cross_mounts();
      return probe_kind(signature.kind, signature.inside, **crossing);
    }
  }
  return probe_kind(signature.kind, signature.inside, *node.directory);
}

// Half of what a git repository costs would be a second look at the same files.
bool is_probed_dot_git(const WalkNode& node, const Signature& signature) {
  return signature.kind == "git" && signature.inside.empty() && node.parent &&
         node.parent->has_dot_git && node.name == ".git";
}

// The folder .git of a repository, and the git directories of its submodules below
// .git/modules, are copied with the repository: they are none of their own.
bool is_part_of_a_store(const WalkNode& node, const Signature& signature) {
  if (signature.kind != "git" || !signature.inside.empty() || !node.parent) return false;
  return node.name == ".git" || node.in_git_modules;
}

}  // namespace

bool is_in_git_modules(const WalkNode& parent, std::string_view name) {
  if (parent.in_git_modules) return true;
  if (name != "modules") return false;
  if (parent.git_store) return true;
  const WalkNode* worktrees = parent.parent.get();
  return worktrees && worktrees->name == "worktrees" && worktrees->parent &&
         worktrees->parent->git_store;
}

bool Examiner::examine(WalkNode& node, const Noticed& noticed) const {
  if ((noticed.bits & kBitMarker) != 0 && is_dump_root(*node.directory)) {
    findings_.add(Pruned{path_of(node), "dump root", !node.parent});
    return false;
  }
  for (const Signature& signature : signatures()) {
    if ((noticed.bits & signature.required) == signature.required) {
      examine_built_in(node, signature);
    }
  }
  bool enters = true;
  for (KindSet left = kinds_.candidates(node.scope, noticed); left != 0; left &= left - 1) {
    const auto i = static_cast<std::size_t>(std::countr_zero(left));
    enters = examine_user(node, kinds_.user()[i]) && enters;
  }
  return enters;
}

void Examiner::examine_built_in(WalkNode& node, const Signature& signature) const {
  if (is_probed_dot_git(node, signature)) {
    drop_children(node, signature.pruned);
    node.git_store = true;
    return;
  }
  const std::optional<ProbeResult> probe = look(node, signature);
  if (!probe || !probe->is_one()) return;
  node.has_dot_git |= signature.inside == ".git" && (probe->detail || probe->error);
  // Whatever kinds are wanted, what belongs to a repository is no place to look in.
  drop_children(node, signature.pruned);
  if (is_part_of_a_store(node, signature)) {
    node.git_store = true;
    return;
  }
  node.git_store = node.git_store || (signature.kind == "git" && signature.inside.empty());
  if (probe->aside) {
    const Aside& aside = *probe->aside;
    findings_.add(Pruned{path_of(node), aside.why, aside.notable || !node.parent});
  } else if (is_wanted(signature.kind)) {
    found(node, signature.kind, signature.inside, *probe);
  }
}

bool Examiner::examine_user(WalkNode& node, const UserKind& kind) const {
  ProbeResult probe = probe_user_kind(*node.directory, kind.signature);
  if (!probe.is_one()) return true;
  if (probe.error) {
    probe.error->message =
        "may be " + kind.name + ", and cannot be looked at: " + probe.error->message;
  }
  if (is_wanted(kind.name)) found(node, kind.name, "", probe);
  if (!probe.detail) return true;
  // Which folders these are is known to the kind's file alone: so they are named.
  const std::string why = "belongs to " + kind.name;
  if (kind.signature.all_pruned) {
    // Who may make entries in a directory may make it one of the kind: only of a place that the
    // kind's file names it is known that nothing else is in it.
    const std::string path = path_of(node);
    const auto& places = kind.signature.paths;
    const bool is_named = std::find(places.begin(), places.end(), path) != places.end();
    if (!node.offsets.empty()) findings_.add(Pruned{path, "what is in it " + why, !is_named});
    return false;
  }
  for (std::size_t i = 0; i < node.offsets.size(); ++i) {
    const std::string name = node.child(i);
    if (is_one_of(kind.signature.pruned, name)) {
      findings_.add(Pruned{join_path(path_of(node), name), why});
    }
  }
  drop_children(node, kind.signature.pruned);
  return true;
}

void Examiner::found(const WalkNode& node, const std::string& kind, const std::string& inside,
                     const ProbeResult& probe) const {
  if (probe.target) {
    Pointer pointer{kind, path_of(node), "", probe.target->why};
    pointer.target = canonical_by_text(pointer.path, probe.target->path);
    findings_.add(std::move(pointer));
  }
  if (probe.error) {
    Error error = *probe.error;
    const std::string path = path_of(node);
    error.path = error.path.empty() ? path : join_path(path, error.path);
    if (error.code == EXDEV) error.message += ": a mount that a probe does not go into";
    findings_.add(std::move(error));
  } else if (probe.detail) {
    found_repository(node, kind, inside, *probe.detail);
  }
}

void Examiner::found_repository(const WalkNode& node, const std::string& kind,
                                const std::string& inside, const Detail& detail) const {
  Repository repository;
  repository.kind = kind;
  repository.path = path_of(node);
  repository.store = inside.empty() ? repository.path : join_path(repository.path, inside);
  repository.detail = detail;
  const Result<Metadata> metadata = node.directory->metadata();
  if (!metadata) {
    findings_.add(system_error("stat", repository.path, metadata.error().code));
    return;
  }
  repository.device = metadata->device;
  repository.inode = metadata->inode;
  repository.uid = metadata->uid;
  repository.gid = metadata->gid;
  repository.mode = metadata->mode;
  repository.born = metadata->born;
  findings_.add(std::move(repository));
}

}  // namespace repo
