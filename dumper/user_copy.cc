#include "dumper/user_copy.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <cerrno>
#include <memory>

#include "base/bytes_path.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/file_io.h"
#include "base/host.h"
#include "dumper/account.h"
#include "dumper/record.h"
#include "dumper/room_meter.h"
#include "dumper/user_command.h"
#include "dumper/user_secrets.h"
#include "scanner/user_match.h"

namespace repo {
namespace {

constexpr const char* kSourceAt = "/source";
constexpr const char* kPreviousAt = "/previous";

Sockets sockets_of(UserNetwork network) {
  switch (network) {
    case UserNetwork::kNone:
      return Sockets::kNone;
    case UserNetwork::kUnix:
      return Sockets::kUnix;
    case UserNetwork::kOwn:
      return Sockets::kOwn;
    case UserNetwork::kHost:
      return Sockets::kHost;
  }
  return Sockets::kNone;
}

// One copy in the making.
class Copy {
 public:
  Copy(const UserKind& kind, const DumpJob& job, const CommandRunner& runner)
      : kind_(kind), job_(job), runner_(runner) {}

  Result<CopyFacts> run() {
    if (Status ready = prepare(); !ready) return ready.error();
    const Result<std::string> state = run_commands("state", kind_.state);
    if (!state) return state.error();
    const Result<std::string> identity = run_commands("identity", kind_.identity);
    if (!identity) return identity.error();
    if (!kind_.identity.empty() && as_fact(*identity).empty()) {
      return plain_error("copy", "",
                         "identity: it printed nothing, so that nothing tells whether it is what "
                         "was copied before");
    }
    Status dumped = dump();
    const Result<std::string> cleaned = clean_up();
    if (!dumped) {
      Error error = dumped.error();
      if (!cleaned) error.message += "; and " + cleaned.error().message;
      return error;
    }
    CopyFacts facts;
    if (!cleaned) facts.notes.push_back(describe(cleaned.error()));
    const Result<std::string> again = run_commands("identity", kind_.identity);
    if (!again) return again.error();
    if (*again != *identity) {
      return plain_error("copy", "",
                         "its identity changed while it was dumped, from \"" +
                             printable(as_fact(*identity)) + "\" to \"" +
                             printable(as_fact(*again)) + "\"");
    }
    if (Status removed = remove_tree(job_.staging_fd, "tmp"); !removed) return removed.error();
    // Where the files are not the source's (is_told), they come back as the directory's owner's.
    const NewOwner owner = {job_.source.uid, job_.source.gid};
    if (Status given = hand_over(data_.get(), owner, job_.patience); !given) return given.error();
    const Result<TreeLook> made = look_at_tree({data_.get(), std::nullopt}, Skip(), job_.patience);
    if (!made) return made.error();
    if (!kind_.identity.empty()) facts.fingerprint.emplace_back("identity", as_identity(*identity));
    if (!kind_.state.empty()) facts.fingerprint.emplace_back("state", as_fact(*state));
    facts.fingerprint.emplace_back("matches", std::uint64_t{place_.values.matches.size()});
    facts.fingerprint.emplace_back("bytes", made->apparent);
    // For what nobody has read no original may be left out.
    const bool is_all = kind_.stands_for_directory && !kind_.verify.empty();
    if (!is_all) facts.fingerprint.emplace_back(kIsPartial, true);
    facts.is_told = !dumps_each_match(kind_);
    facts.by_hand = kind_.restore;
    return facts;
  }

 private:
  Status prepare() {
    const Repository& source = job_.source;
    if (kind_.run_as == "owner") {
      // Of what is root's the sandbox's own user may read all, and no command runs as root.
      if (source.uid != 0) place_.base.account = account_of(source.uid, source.gid);
    } else if (!kind_.run_as.empty()) {
      Result<Account> account = account_named(kind_.run_as);
      if (!account) return account.error();
      if (account->uid == 0) {
        return plain_error("copy", "",
                           "\"run_as\" of " + kind_.file + " is root by another name: name a user");
      }
      place_.base.account = *std::move(account);
    }
    if (place_.base.account) place_.base.files = name_files(*place_.base.account);
    Result<UserSecrets> secrets = UserSecrets::open(kind_.secrets);
    if (!secrets) return secrets.error();
    secrets_ = *std::move(secrets);
    Result<std::vector<std::string>> matches = user_matches(kind_, job_.source_fd);
    if (!matches) return matches.error();
    place_.values = user_values(source.path, source.uid, source.gid, host_name());
    place_.values.matches = *std::move(matches);
    place_.values.path = kSourceAt;
    place_.values.tmp = kUserTmpAt;
    place_.base.uid = job_.uid;
    place_.base.reads_any_file = !place_.base.account;
    place_.base.sockets = sockets_of(kind_.network);
    place_.base.patience = job_.patience;
    place_.base.patience.has_room = [meter = meter_] { return meter->take(); };
    place_.base.max_file_size = largest_file(job_.staging_fd);
    return open_folders();
  }

  Status open_folders() {
    for (auto [folder, name] : {std::pair(&data_, "data"), {&tmp_, "tmp"}}) {
      Result<UniqueFd> made = make_user_folder(job_.staging_fd, name, writer(), job_.patience);
      if (!made) return made.error();
      *folder = *std::move(made);
    }
    place_.base.binds = {{job_.source_fd, kSourceAt, false}, {tmp_.get(), kUserTmpAt, true}};
    Result<std::vector<UniqueFd>> folders =
        bind_folders(kind_, "folders", kind_.folders, place_.base);
    if (!folders) return folders.error();
    folders_ = *std::move(folders);
    place_.output_folder = data_.get();
    place_.base.environment = user_environment(kind_, place_.values);
    return {};
  }

  NewOwner writer() const {
    if (!place_.base.account) return {job_.uid, job_.uid};
    return {place_.base.account->uid, place_.base.account->gid};
  }

  Result<std::string> run_commands(const char* step, const UserCommands& commands) const {
    return run_at(step, commands, place_);
  }

  // Also after a stop, or where the item's time is over.
  Result<std::string> clean_up() const {
    constexpr std::chrono::minutes kLongest{10};
    UserPlace place = place_;
    place.base.patience.deadline = std::chrono::steady_clock::now() + kLongest;
    place.base.patience.heeds_stop = false;
    return run_at("cleanup", kind_.cleanup, place);
  }

  // The secrets are read anew for each step, from their beginnings.
  Result<std::string> run_at(const char* step, const UserCommands& commands,
                             const UserPlace& where) const {
    std::string printed;
    for (const UserCommand& each : commands) {
      UserPlace place = where;
      if (Status added = secrets_.add_to(place.base); !added) return added.error();
      Result<std::string> said = run_user_commands(kind_, step, {each}, place, runner_);
      if (!said) return said;
      printed += *said;
    }
    return printed;
  }

  Status dump() {
    UserPlace place = place_;
    place.values.dest = kUserDataAt;
    place.values.prev = kPreviousAt;
    place.base.binds.push_back({data_.get(), kUserDataAt, true});
    UniqueFd empty;
    int previous = job_.previous;
    if (previous < 0) {
      Result<UniqueFd> made =
          make_user_folder(job_.staging_fd, "previous", writer(), job_.patience);
      if (!made) return made.error();
      empty = *std::move(made);
      previous = empty.get();
    }
    place.base.binds.push_back({previous, kPreviousAt, false});
    const Result<std::string> said = run_at("dump", kind_.dump, place);
    if (!said) return said.error();
    if (!meter_->take()) {
      return plain_error("copy", "", "its dump is larger than there is room for it");
    }
    return remove_tree(job_.staging_fd, "previous");
  }

  const UserKind& kind_;
  const DumpJob& job_;
  const CommandRunner& runner_;
  // Of all that the commands write, {tmp} too.
  const std::shared_ptr<RoomMeter> meter_ =
      std::make_shared<RoomMeter>(job_.staging_fd, job_.patience.room);
  UserPlace place_;
  UserSecrets secrets_;
  UniqueFd data_;
  UniqueFd tmp_;
  std::vector<UniqueFd> folders_;
};

}  // namespace

Result<CopyFacts> copy_user_kind(const UserKind& kind, const DumpJob& job,
                                 const CommandRunner& runner) {
  return Copy(kind, job, runner).run();
}

TemplateValues user_values(const std::string& path, std::uint32_t uid, std::uint32_t gid,
                           const std::string& host) {
  TemplateValues values;
  values.source = path;
  values.name = path.substr(path.rfind('/') + 1);
  const Account owner = account_of(uid, gid);
  values.user = owner.name.empty() ? std::to_string(owner.uid) : owner.name;
  values.host = host;
  values.time = rfc3339(utc_now());
  return values;
}

Result<std::vector<std::string>> user_matches(const UserKind& kind, int folder) {
  const std::unique_ptr<Directory> directory = borrow_directory(folder);
  return matching_files(*directory, kind.signature);
}

std::uint64_t largest_file(int folder) {
  constexpr std::uint64_t kLeast = std::uint64_t{64} << 20;
  constexpr std::uint64_t kPart = 16;
  struct statvfs st = {};
  if (fstatvfs(folder, &st) != 0) return UINT64_MAX;
  const std::uint64_t free = st.f_bavail * st.f_frsize;
  const std::uint64_t kept = std::max(free / kPart, kLeast);
  return free > kept ? free - kept : free;
}

bool dumps_each_match(const UserKind& kind) {
  return std::any_of(kind.dump.begin(), kind.dump.end(),
                     [](const UserCommand& each) { return each.each_match; });
}

bool names_a_match(const UserCommands& commands) {
  return std::any_of(commands.begin(), commands.end(), [](const UserCommand& command) {
    return std::any_of(command.argv.begin(), command.argv.end(),
                       [](const std::string& text) { return names_a_match(text); });
  });
}

std::string as_fact(std::string text) {
  constexpr std::size_t kLongest = 1000;
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) {
    text.pop_back();
  }
  text.resize(std::min(text.size(), kLongest));
  return readable(text);
}

std::string as_identity(const std::string& text) {
  std::string fact = as_fact(text);
  // What is cut or made readable could be the same of two that are not.
  if (text.starts_with(fact) && text.find_first_not_of(" \r\n", fact.size()) == text.npos) {
    return fact;
  }
  constexpr std::size_t kShown = 100;
  return fmt::format("{}… (SHA-256 {} of {} bytes)", as_fact(text.substr(0, kShown)),
                     sha256_hex(text), text.size());
}

Result<UniqueFd> make_user_folder(int parent, const char* name, const NewOwner& to,
                                  const Patience& patience) {
  if (mkdirat(parent, name, 0700) != 0) return system_error("create", name, errno);
  Result<UniqueFd> folder = open_beneath(parent, name, O_RDONLY | O_DIRECTORY);
  if (!folder) return folder;
  if (Status given = hand_over(folder->get(), to, patience); !given) return given.error();
  return folder;
}

}  // namespace repo
