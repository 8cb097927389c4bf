#include "dumper/git_clean.h"

#include <fmt/format.h>

namespace repo {
namespace {

// What fsck says of objects that are whole but were written badly (fsck.h, FOREACH_FSCK_MSG_ID).
constexpr const char* kOnlyWarn[] = {"badDate",
                                     "badDateOverflow",
                                     "badEmail",
                                     "badName",
                                     "badTimezone",
                                     "duplicateEntries",
                                     "missingAuthor",
                                     "missingCommitter",
                                     "missingEmail",
                                     "missingObject",
                                     "missingNameBeforeEmail",
                                     "missingSpaceBeforeDate",
                                     "missingSpaceBeforeEmail",
                                     "missingTag",
                                     "missingTagEntry",
                                     "missingTree",
                                     "missingType",
                                     "missingTypeEntry",
                                     "multipleAuthors",
                                     "treeNotSorted",
                                     "zeroPaddedDate",
                                     "badTagName",
                                     "missingTaggerEntry",
                                     "badFilemode",
                                     "gitmodulesMissing",
                                     "gitmodulesBlob",
                                     "gitmodulesLarge",
                                     "gitmodulesName",
                                     "gitmodulesSymlink",
                                     "gitmodulesUrl",
                                     "gitmodulesPath",
                                     "gitmodulesUpdate",
                                     "gitmodulesParse"};

}  // namespace

std::string clean_git_config(const std::map<std::string, std::string>& extensions, bool partial) {
  std::string config = "[core]\n\trepositoryformatversion = 1\n\tbare = true\n[extensions]\n";
  const auto format = extensions.find("objectformat");
  if (format != extensions.end() && format->second == "sha256") {
    config += "\tobjectformat = sha256\n";
  }
  // A remote without a URL: what is missing is forgiven and not fetched.
  if (partial) config += "\tpartialclone = none\n[remote \"none\"]\n\tpromisor = true\n";
  config += "[fsck]\n";
  for (const char* each : kOnlyWarn) config += fmt::format("\t{} = warn\n", each);
  return config;
}

}  // namespace repo
