#include "dumper/hg_state.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "base/digest.h"
#include "base/file_io.h"
#include "dumper/tree_look.h"
#include "scanner/hg_store.h"

namespace repo {
namespace {

// Of a file's content; empty where there is none.
Result<std::string> digest_of(int directory, const std::string& name,
                              const std::optional<Identity>& as, const Patience& patience) {
  const ActAs act_as(as);
  const Result<UniqueFd> file = open_beneath(directory, name, O_RDONLY);
  if (!file) return file.error().code == ENOENT ? Result<std::string>("") : file.error();
  struct stat st = {};
  if (fstat(file->get(), &st) != 0) return system_error("stat", name, errno);
  if (!S_ISREG(st.st_mode)) return system_error("read", name, EINVAL);
  Result<FileDigest> digest = digest_file(file->get(), patience);
  if (!digest) return digest.error();
  return std::move(digest->hex);
}

// Of the entries of .hg for which `wanted` holds, with everything below them, a link by its text;
// empty where there is none.
template <typename Wanted>
Result<std::string> digest_of_entries(int hg, Wanted wanted, const Patience& patience) {
  const Result<std::vector<std::string>> names = names_in(hg);
  if (!names) return names.error();
  if (std::none_of(names->begin(), names->end(), wanted)) return std::string();
  const Skip others = [&wanted](const std::string& path) {
    return !path.empty() && !wanted(path.substr(0, path.find('/')));
  };
  Result<std::string> digest = digest_tree({hg, std::nullopt}, others, patience);
  static const std::string nothing = sha256_hex("");  // a FIFO alone, say: the copy has none
  if (digest && *digest == nothing) return std::string();
  return digest;
}

}  // namespace

Result<Detail> hg_fingerprint(const HgPlaces& places, const Patience& patience) {
  const std::unique_ptr<Directory> store = borrow_directory(places.store);
  Result<Detail> detail = [&] {
    const ActAs act_as(places.store_as);
    return read_hg_store(*store);
  }();
  if (!detail) return detail;
  const Result<HgEnds> ends = [&] {
    const ActAs act_as(places.store_as);
    return read_hg_ends(*store);
  }();
  if (!ends) return ends.error();
  if (!ends->first.empty()) {
    detail->emplace_back("heads", ends->heads);
    detail->emplace_back("heads_sha256", ends->heads_sha256);
  }

  auto add = [&](const char* key, Result<std::string> digest) -> Status {
    if (!digest) return digest.error();
    if (!digest->empty()) detail->emplace_back(key, *std::move(digest));
    return {};
  };
  static const std::optional<Identity> nobody;
  struct Part {
    const char* key;
    int directory;
    const char* name;
    const std::optional<Identity>& as;
  };
  for (const Part& part : {Part{"bookmarks", places.bookmarks, "bookmarks", places.bookmarks_as},
                           Part{"bookmarks_in_store", places.store, "bookmarks", places.store_as},
                           Part{"phases", places.store, "phaseroots", places.store_as},
                           Part{"local_tags", places.hg, "localtags", nobody},
                           Part{"obsstore", places.store, "obsstore", places.store_as}}) {
    Status added = add(part.key, digest_of(part.directory, part.name, part.as, patience));
    if (added) continue;
    Error error = added.error();
    const bool in_store = part.directory == places.store && places.store != places.hg;
    if (in_store && !error.op.empty()) error.path = "store/" + error.path;
    return error;
  }
  auto is_hgrc = [](const std::string& name) { return name.starts_with("hgrc"); };
  auto is_queue = [](const std::string& name) { return name.starts_with("patches"); };
  auto is_shelf = [](const std::string& name) { return name == "shelved"; };
  Status added = add("hgrc", digest_of_entries(places.hg, is_hgrc, patience));
  if (added) added = add("mq", digest_of_entries(places.hg, is_queue, patience));
  if (added) added = add("shelved", digest_of_entries(places.hg, is_shelf, patience));
  if (!added) return added.error();
  return detail;
}

Result<Detail> hg_fingerprint_at(int data, const Patience& patience) {
  Result<UniqueFd> hg = open_beneath(data, ".hg", O_RDONLY | O_DIRECTORY);
  if (!hg) return hg.error();
  Result<UniqueFd> store = open_beneath(hg->get(), "store", O_RDONLY | O_DIRECTORY);
  if (!store && store.error().code != ENOENT) return store.error();
  HgPlaces places;
  places.hg = places.bookmarks = hg->get();
  places.store = store ? store->get() : hg->get();
  return hg_fingerprint(places, patience);
}

}  // namespace repo
