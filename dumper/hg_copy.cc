#include "dumper/hg_copy.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/file_io.h"
#include "base/stop_signal.h"
#include "base/text.h"
#include "dumper/hg_lock.h"
#include "dumper/hg_state.h"
#include "dumper/tree_copier.h"
#include "scanner/probe.h"

namespace repo {
namespace {

constexpr std::size_t kSmall = std::size_t{64} << 20;

// The parts of a source: its .hg, and where the store is.
struct Parts {
  UniqueFd hg;
  UniqueFd store;      // .hg/store, or empty where the store is .hg itself
  UniqueFd shared_hg;  // of a share: the .hg of its source
  std::optional<Identity> shared_as;

  bool is_share() const { return static_cast<bool>(shared_hg); }
  int store_fd() const { return store ? store.get() : hg.get(); }
};

Error in_hg(Error error, const std::string& folder) {
  error.path = error.path.empty() ? folder : folder + "/" + error.path;
  return error;
}

// The text of .hg/sharedpath, only where the repository's owner alone can have written it: with
// somebody else's text the owner's rights are not what to follow it with.
Result<std::string> read_sharedpath(int hg, uid_t owner) {
  const std::string name = "sharedpath";
  const Result<UniqueFd> file = open_beneath(hg, name, O_RDONLY);
  if (!file) return file.error();
  struct stat folder = {};
  struct stat st = {};
  if (fstat(hg, &folder) != 0 || fstat(file->get(), &st) != 0) {
    return system_error("stat", name, errno);
  }
  if (!S_ISREG(st.st_mode)) return system_error("read", name, EINVAL);
  if (folder.st_uid != owner || st.st_uid != owner || (st.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return plain_error("copy", name,
                       "somebody else than the repository's owner can write it: not followed "
                       "(chmod go-w)");
  }
  return read_to_end(file->get(), kSmall);
}

Result<Parts> open_parts(const DumpJob& job) {
  Parts parts;
  Result<UniqueFd> hg = open_beneath(job.source_fd, ".hg", O_RDONLY | O_DIRECTORY);
  if (!hg) return hg.error();
  parts.hg = *std::move(hg);

  Result<std::string> named = read_sharedpath(parts.hg.get(), job.source.uid);
  if (!named && named.error().code != ENOENT) return in_hg(named.error(), ".hg");
  if (named) {
    while (named->ends_with('\n')) named->pop_back();
    parts.shared_as = identity_of(job.source.uid);
    Result<UniqueFd> shared = open_directory_as(parts.hg.get(), *named, *parts.shared_as);
    if (!shared) {
      Error error = shared.error();
      error.message += ": the source of this share, as its owner may read it";
      return error;
    }
    parts.shared_hg = *std::move(shared);
    const ActAs act_as(parts.shared_as);
    Result<UniqueFd> store = open_beneath(parts.shared_hg.get(), "store", O_RDONLY | O_DIRECTORY);
    if (!store) return in_hg(store.error(), *named);
    parts.store = *std::move(store);
    return parts;
  }
  Result<UniqueFd> store = open_beneath(parts.hg.get(), "store", O_RDONLY | O_DIRECTORY);
  if (store) {
    parts.store = *std::move(store);
  } else if (store.error().code != ENOENT) {
    return in_hg(store.error(), ".hg");
  }
  return parts;
}

// A lock that the place refuses, or that a dead process has left; not one that somebody holds.
bool cannot_be_made(int code) {
  return code == EROFS || code == EACCES || code == EPERM || code == ENOSPC || code == EDQUOT ||
         code == EOWNERDEAD;
}

// Waits, where the last change is a moment ago, until TreeLook::is_settled() can be true.
void let_settle(const TreeLook& look) {
  struct timespec now = {};
  clock_gettime(CLOCK_REALTIME, &now);
  constexpr time_t kEnough = 4;  // seconds: more than is_settled() asks for
  const time_t left = std::clamp<time_t>(look.newest.tv_sec + kEnough - now.tv_sec, 0, kEnough);
  struct pollfd stop = {stop_fd(), POLLIN, 0};
  constexpr int kMilliseconds = 1000;
  poll(&stop, 1, static_cast<int>(left) * kMilliseconds);
}

// What of .hg is not copied from there: the locks; of a share what leads to its source.
Skip skip_in_hg(const DumpJob& job, bool is_share) {
  return [nested = job.skip_nested(".hg"), is_share](const std::string& path) {
    if (is_share && (path == "sharedpath" || path == "shared" || path == "store")) return true;
    return path == "wlock" || path == "lock" || path == "store/lock" || nested(path);
  };
}

bool is_lock(const std::string& path) { return path == "lock"; }

// What Mercurial would follow or wait for: anything but files and directories in a store.
std::optional<Error> odd_in_store(const TreeEntry& entry) {
  if (entry.is_directory() || entry.is_file()) return std::nullopt;
  return plain_error("copy", entry.path,
                     entry.is_link()
                         ? "data behind a symbolic link is not copied: it leads to " + entry.link
                         : "a FIFO, socket or device among the data");
}

// The same of .hg: the store may be there, under its name or without one, and `requires`.
std::optional<Error> odd_in_hg(const TreeEntry& entry) {
  const std::string& path = entry.path;
  const bool is_data = path == "store" || path.starts_with("store/") || path == "requires" ||
                       path == "data" || path.starts_with("data/") || path.starts_with("00");
  return is_data ? odd_in_store(entry) : std::nullopt;
}

// One copy of one repository: its .hg, and of a share the store beside it.
class HgCopy {
 public:
  HgCopy(const DumpJob& job, const Parts& parts)
      : job_(job),
        parts_(parts),
        hg_source_{parts.hg.get(), std::nullopt},
        shared_hg_(job.shared, ".hg"),
        shared_store_(job.shared, ".hg/store") {
    options_.patience = job.patience;
    hg_skip_ = skip_in_hg(job, parts.is_share());
    store_skip_ = is_lock;
  }

  Result<CopyFacts> run() {
    if (Status made = make_targets(); !made) return made.error();
    Result<Passes> first = pass(nullptr);
    if (!first) return first.error();
    if (inflates(first->hg) || (first->store && inflates(*first->store))) {
      return in_hg(too_much_for_its_size(), ".hg");
    }

    CopyFacts facts;
    bool locked = true;
    {
      Result<HgLock> wlock = lock(parts_.hg.get(), "wlock", std::nullopt);
      const auto held = std::chrono::steady_clock::now();
      Result<HgLock> store_lock =
          wlock ? lock(parts_.store_fd(), "lock", parts_.shared_as) : Result<HgLock>(wlock.error());
      if (!store_lock) {
        if (!cannot_be_made(store_lock.error().code)) {
          const bool of_store = wlock && parts_.store;
          return in_hg(store_lock.error(), of_store ? ".hg/store" : ".hg");
        }
        locked = false;
        facts.notes.push_back("no lock could be made (" + store_lock.error().message +
                              "): copied while nothing changed");
        let_settle(first->hg);
        if (first->store) let_settle(*first->store);
      }
      Result<Passes> second = pass(&*first);
      if (!second) return second.error();
      Result<Detail> state = source_fingerprint();
      if (!state) return in_hg(state.error(), ".hg");
      if (parts_.is_share()) {
        if (Status done = make_self_contained(facts); !done) return done.error();
      }
      if (!locked && !is_same(*second)) {
        return busy(".hg", "changed while it was copied, and no lock could be made");
      }
      facts.fingerprint = *std::move(state);
      if (locked) {
        facts.lock_seconds =
            std::chrono::duration<double>(std::chrono::steady_clock::now() - held).count();
      }
    }
    if (parts_.is_share()) {
      if (Status done = bring_in_largefiles(); !done) return done.error();
      UniqueFd store(fcntl(parts_.store.get(), F_DUPFD_CLOEXEC, 0));
      if (!store) return system_error("dup", "", errno);
      facts.elsewhere = Elsewhere{".hg/store", std::move(store), parts_.shared_as};
    }
    return facts;
  }

 private:
  struct Passes {
    TreeLook hg;
    std::optional<TreeLook> store;  // of a share
  };

  Status make_targets() {
    if (mkdirat(job_.staging_fd, "data", 0700) != 0) return system_error("create", "data", errno);
    Result<UniqueFd> data = open_beneath(job_.staging_fd, "data", O_RDONLY | O_DIRECTORY);
    if (!data) return data.error();
    data_ = *std::move(data);
    if (mkdirat(data_.get(), ".hg", 0700) != 0) return system_error("create", ".hg", errno);
    Result<UniqueFd> hg = open_beneath(data_.get(), ".hg", O_RDONLY | O_DIRECTORY);
    if (!hg) return hg.error();
    target_hg_ = *std::move(hg);
    if (parts_.is_share()) {
      if (mkdirat(target_hg_.get(), "store", 0700) != 0) {
        return system_error("create", ".hg/store", errno);
      }
      Result<UniqueFd> store = open_beneath(target_hg_.get(), "store", O_RDONLY | O_DIRECTORY);
      if (!store) return store.error();
      target_store_ = *std::move(store);
    }
    return {};
  }

  Result<Passes> pass(const Passes* before) {
    auto one = [&](const TreeSource& source, int target, const Skip& skip,
                   const SharedBelow& shared, bool is_store,
                   const TreeLook* first) -> Result<TreeLook> {
      CopyOptions options = options_;
      options.skip = skip;
      options.refuse = is_store ? odd_in_store : odd_in_hg;
      options.shared = shared.get();
      return first ? update_tree(source, target, first->began, options)
                   : copy_tree(source, target, options);
    };
    Passes passes;
    Result<TreeLook> hg = one(hg_source_, target_hg_.get(), hg_skip_, shared_hg_, false,
                              before ? &before->hg : nullptr);
    if (!hg) return in_hg(hg.error(), ".hg");
    passes.hg = *std::move(hg);
    if (parts_.is_share()) {
      Result<TreeLook> store = one(store_source(), target_store_.get(), store_skip_, shared_store_,
                                   true, before ? &*before->store : nullptr);
      if (!store) return in_hg(store.error(), ".hg/store");
      passes.store = *std::move(store);
    }
    return passes;
  }

  Result<HgLock> lock(int directory, const std::string& name, const std::optional<Identity>& as) {
    constexpr std::chrono::seconds kLongest{60};
    return HgLock::acquire(directory, name, as, std::min(job_.patience.stall, kLongest),
                           job_.patience);
  }

  TreeSource store_source() const { return {parts_.store.get(), parts_.shared_as}; }

  // A share may use the bookmarks of its source: its file `shared` says so.
  bool shares_bookmarks() const {
    if (!parts_.is_share()) return false;
    const Result<std::string> shared = read_small_file(parts_.hg.get(), "shared", kSmall);
    return shared && ("\n" + *shared + "\n").find("\nbookmarks\n") != std::string::npos;
  }

  Result<Detail> source_fingerprint() const {
    const bool theirs = shares_bookmarks();
    HgPlaces places;
    places.hg = parts_.hg.get();
    places.store = parts_.store_fd();
    places.store_as = parts_.shared_as;
    places.bookmarks = theirs ? parts_.shared_hg.get() : parts_.hg.get();
    if (theirs) places.bookmarks_as = parts_.shared_as;
    return hg_fingerprint(places, job_.patience);
  }

  // Without locks: nothing may have changed since the second pass looked.
  bool is_same(const Passes& passes) const {
    const Result<TreeLook> hg = look_at_tree(hg_source_, hg_skip_, job_.patience);
    if (!hg || !(*hg == passes.hg) || !passes.hg.is_settled()) return false;
    if (!parts_.is_share()) return true;
    const Result<TreeLook> store = look_at_tree(store_source(), store_skip_, job_.patience);
    return store && *store == *passes.store && passes.store->is_settled();
  }

  Status make_self_contained(CopyFacts& facts) {
    Result<std::string> requires_text = read_small_file(target_hg_.get(), "requires", kSmall);
    if (!requires_text) return in_hg(requires_text.error(), ".hg");
    std::string kept;
    for (std::string_view rest = *requires_text; !rest.empty();) {
      const std::string line(take_line(rest));
      if (line != "shared" && line != "relshared") kept += line + "\n";
    }
    if (Status put = put_file("requires", kept); !put) return put;
    if (shares_bookmarks()) {
      Result<std::string> bookmarks = [&] {
        const ActAs act_as(parts_.shared_as);
        return read_small_file(parts_.shared_hg.get(), "bookmarks", kSmall);
      }();
      if (bookmarks) {
        if (Status put = put_file("bookmarks", *bookmarks); !put) return put;
      } else if (bookmarks.error().code != ENOENT) {
        return in_hg(bookmarks.error(), "source of the share");
      }
    }
    facts.notes.emplace_back("a share: the store of its source is in the copy");
    return {};
  }

  // The extension keeps a share's large files in the .hg of its source, under their SHA-1 (hgext/
  // largefiles/lfutil.py, storepath()). They are never changed, so no lock is held meanwhile.
  Status bring_in_largefiles() const {
    constexpr const char* kFolder = "largefiles";
    const Result<UniqueFd> source = [&] {
      const ActAs act_as(parts_.shared_as);
      return open_beneath(parts_.shared_hg.get(), kFolder, O_RDONLY | O_DIRECTORY);
    }();
    if (!source) return source.error().code == ENOENT ? Status() : Status(source.error());
    const Result<UniqueFd> target = make_folders(target_hg_.get(), kFolder);
    if (!target) return in_hg(target.error(), ".hg");
    CopyOptions options = options_;
    options.keep_existing = true;
    options.skip = [](const std::string& path) {
      constexpr std::size_t kSha1 = 40;
      return !path.empty() && (path.size() != kSha1 ||
                               path.find_first_not_of("0123456789abcdef") != std::string::npos);
    };
    options.refuse = odd_in_store;
    const SharedBelow shared(job_.shared, std::string(".hg/") + kFolder);
    options.shared = shared.get();
    const Result<TreeLook> copied =
        copy_tree({source->get(), parts_.shared_as}, target->get(), options);
    return copied ? Status() : Status(in_hg(copied.error(), "largefiles of the share's source"));
  }

  Status put_file(const std::string& name, const std::string& bytes) {
    if (Status removed = remove_tree(target_hg_.get(), name); !removed) return removed;
    return create_file(target_hg_.get(), name, bytes);
  }

  const DumpJob& job_;
  const Parts& parts_;
  const TreeSource hg_source_;
  CopyOptions options_;
  Skip hg_skip_;
  Skip store_skip_;
  UniqueFd data_;
  UniqueFd target_hg_;
  UniqueFd target_store_;
  const SharedBelow shared_hg_;
  const SharedBelow shared_store_;
};

}  // namespace

Result<TreeLook> look_at_hg(const DumpJob& job, const Seen& seen) {
  Result<Parts> parts = open_parts(job);
  if (!parts) return parts.error();
  const Seen seen_in_hg = [&seen](const TreeEntry& entry) {
    if (!seen) return;
    TreeEntry inside = entry;
    inside.path = inside.path.empty() ? ".hg" : ".hg/" + inside.path;
    seen(inside);
  };
  Result<TreeLook> look = look_at_tree({parts->hg.get(), std::nullopt}, skip_in_hg(job, false),
                                       job.patience, seen_in_hg);
  if (!look) return in_hg(look.error(), ".hg");
  if (!parts->is_share()) return look;
  // The source's bookmarks may be this one's too.
  const Skip others = [](const std::string& path) { return !path.empty() && path != "bookmarks"; };
  const Result<TreeLook> bookmarks =
      look_at_tree({parts->shared_hg.get(), parts->shared_as}, others, job.patience);
  if (!bookmarks) return in_hg(bookmarks.error(), "source of the share");
  const Result<TreeLook> store =
      look_at_tree({parts->store.get(), parts->shared_as}, is_lock, job.patience, seen_in_hg);
  if (!store) return in_hg(store.error(), ".hg/store");
  return together(together(*std::move(look), *bookmarks), *store);
}

Result<CopyFacts> copy_hg(const DumpJob& job) {
  Result<Parts> parts = open_parts(job);
  if (!parts) return parts.error();
  return HgCopy(job, *parts).run();
}

}  // namespace repo
