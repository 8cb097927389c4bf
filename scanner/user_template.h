// Placeholders in the arguments of a user-defined kind's commands: `{path}` becomes the path inside
// one argument, whatever bytes it has. No shell sees it and nothing of it is read again: a path
// called "; id" or "{dest}" stays what it is. Pure.
//
//   {path}     the directory at the source, read-only  {name}     the last part of {source}
//   {source}   the path that it has on the machine
//   {dest}     the folder that takes or has the copy  {user}     whose it is: name, else number
//   {tmp}      a folder for what is not to be kept    {host}     the machine's name
//   {prev}     the copy before this one; empty        {time}     the beginning, as RFC 3339 in UTC
//              where there is none                    {{ and }}  the braces themselves
//   {match}    the file that the command is run for (UserCommand::each_match): its name
//   {match.N}  the N-th file that the signature matches, from 1, in the order of the bytes
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace repo {

// Where a template stands: {path} and {prev} are of the dump's alone.
enum class TemplateUse {
  kSource,  // version, identity, state, cleanup: no {dest}, {prev}
  kDump,
  kCopy,  // verify, drill, compare, control: no {path}, {prev}
  kAny,   // the environment: neither
};

struct TemplateValues {
  std::string path;
  std::string source;
  std::string dest;
  std::string tmp;
  std::string prev;
  std::string name;
  std::string user;
  std::string host;
  std::string time;
  std::vector<std::string> matches;
  std::optional<std::string> match;
};

// What is wrong with `text`, and what is allowed. `each_match`: {match} has a value.
std::optional<std::string> mistake_in_template(std::string_view text, TemplateUse use,
                                               bool each_match);

// Whether {match} or {match.N} stands in it.
bool names_a_match(std::string_view text);

// `text` has no mistake. The error: no such file is there for {match.N}.
Result<std::string> fill_template(std::string_view text, const TemplateValues& values);

}  // namespace repo
