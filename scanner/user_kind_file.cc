#include "scanner/user_kind_file.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <map>
#include <memory>
#include <utility>

#include "base/bytes_path.h"
#include "base/digest.h"
#include "base/file_io.h"
#include "base/trust.h"
#include "scanner/user_kind_folder.h"
#include "scanner/user_program.h"

namespace repo {
namespace {

Result<std::vector<std::string>> files_of(const std::string& folder) {
  const std::unique_ptr<DIR, int (*)(DIR*)> open(opendir(folder.c_str()), closedir);
  if (!open) return system_error("open", folder, errno);
  std::vector<std::string> names;
  errno = 0;
  while (const dirent* entry = readdir(open.get())) {
    const std::string name = entry->d_name;
    // Hidden ones are what editors keep.
    if (name.ends_with(".json") && !name.starts_with('.')) names.push_back(name);
    errno = 0;
  }
  if (errno != 0) return system_error("read", folder, errno);
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<std::pair<const char*, const UserCommands*>> commands_of(const UserKind& kind) {
  return {{"tool_version", &kind.version}, {"identity", &kind.identity},
          {"state", &kind.state},          {"dump", &kind.dump},
          {"cleanup", &kind.cleanup},      {"verify", &kind.verify},
          {"drill", &kind.drill},          {"compare", &kind.compare},
          {"control", &kind.control}};
}

bool runs_script(const UserCommand& command) { return is_script(command.argv[0]); }

bool has_scripts(const UserKind& kind) {
  const auto all = commands_of(kind);
  return std::any_of(all.begin(), all.end(), [](const auto& step) {
    return std::any_of(step.second->begin(), step.second->end(), runs_script);
  });
}

// The scripts beside the file that the kind names can be run. (That nobody else has written them
// is looked at with all of the folder.)
void check_scripts(const UserKind& kind, std::vector<Error>& errors) {
  for (const auto& [field, commands] : commands_of(kind)) {
    for (const UserCommand& command : *commands) {
      if (!runs_script(command)) continue;
      const std::string path = join_path(kind.folder, command.argv[0].substr(2));
      const auto wrong = [&](const std::string& why) {
        errors.push_back(plain_error("use", kind.file, std::string(field) + ".argv[0]: " + why));
      };
      struct stat st = {};
      constexpr mode_t kForAll = S_IXOTH | S_IROTH;
      if (stat(path.c_str(), &st) != 0) {
        wrong(describe(system_error("open", path, errno)));
      } else if (!S_ISREG(st.st_mode) || (st.st_mode & kForAll) != kForAll) {
        wrong(printable(path) + " cannot be run by everybody: chmod 755");
      }
    }
  }
}

// Adds what is wrong with what the kinds' scripts are, and to each kind what it is known again by.
void look_beside(const std::string& folder, UserKinds& all) {
  const bool is_run = std::any_of(all.kinds.begin(), all.kinds.end(), has_scripts);
  KindFolder beside = look_at_kind_folder(folder, is_run);
  std::erase_if(all.kinds, [&](UserKind& kind) {
    if (has_scripts(kind)) kind.digest = sha256_hex(kind.digest + beside.digest);
    const std::size_t before = all.errors.size();
    check_scripts(kind, all.errors);
    return all.errors.size() > before;
  });
  all.errors.insert(all.errors.end(), std::make_move_iterator(beside.errors.begin()),
                    std::make_move_iterator(beside.errors.end()));
}

}  // namespace

UserKinds load_user_kinds(const std::string& folder, bool must_exist) {
  constexpr std::size_t kLargest = std::size_t{1} << 20;
  UserKinds all;
  const Result<std::vector<std::string>> names = files_of(folder);
  if (!names) {
    if (names.error().code != ENOENT || must_exist) all.errors.push_back(names.error());
    return all;
  }
  if (Status trusted = check_trusted(folder); !trusted) {
    all.errors.push_back(trusted.error());
    return all;
  }
  std::map<std::string, std::string> file_of;  // by the kind's name
  for (const std::string& name : *names) {
    const std::string path = join_path(folder, name);
    const Result<UniqueFd> file = open_trusted(path);
    if (!file) {
      all.errors.push_back(file.error());
      continue;
    }
    const Result<std::string> text = read_to_end(file->get(), kLargest);
    if (!text) {
      all.errors.push_back(system_error("read", path, text.error().code));
      continue;
    }
    UserKinds one = parse_user_kind(*text, path);
    for (Error& error : one.errors) all.errors.push_back(std::move(error));
    for (UserKind& kind : one.kinds) {
      const auto [before, is_new] = file_of.emplace(kind.name, path);
      if (!is_new) {
        all.errors.push_back(plain_error(
            "use", path,
            "kind: " + kind.name + " is defined in " + printable(before->second) + " already"));
        continue;
      }
      kind.digest = sha256_hex(*text);
      all.kinds.push_back(std::move(kind));
    }
  }
  look_beside(folder, all);
  return all;
}

UserKinds load_chosen_user_kinds(const std::string& folder) {
  const bool is_usual = folder.empty() || folder == kUserKindsFolder;
  return load_user_kinds(is_usual ? kUserKindsFolder : folder, !is_usual);
}

}  // namespace repo
