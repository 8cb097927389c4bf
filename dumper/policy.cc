#include "dumper/policy.h"

#include <fnmatch.h>

#include <algorithm>
#include <limits>
#include <map>
#include <string_view>

#include "base/number.h"
#include "base/path_glob.h"
#include "base/text.h"
#include "dumper/policy_defaults.h"

namespace repo {
namespace {

std::optional<std::uint64_t> read_size(std::string_view text) {
  constexpr std::uint64_t kStep = 1024;
  std::uint64_t factor = 1;
  const std::size_t unit = text.find_first_not_of("0123456789");
  if (unit == std::string_view::npos) return std::nullopt;  // 50 of what?
  const std::string_view name = text.substr(unit);
  for (const char* each : {"B", "KiB", "MiB", "GiB", "TiB"}) {
    if (name == each) {
      const auto value = to_number<std::uint64_t>(text.substr(0, unit));
      if (!value || *value > std::numeric_limits<std::uint64_t>::max() / factor) break;
      return *value * factor;
    }
    factor *= kStep;
  }
  return std::nullopt;
}

// One condition of a rule. Returns what is wrong with it, or nothing.
std::optional<std::string> read_condition(const std::string& word, Rule& rule,
                                          const std::function<bool(const std::string&)>& is_kind) {
  // A name before the first of these, and it is no part of a path.
  const std::size_t sign = word.find_first_of("=<>");
  const bool plain = sign == std::string::npos || word.find('/') < sign;
  const std::string name = plain ? "path" : word.substr(0, sign);
  const char relation = plain ? '=' : word[sign];
  const std::string value = plain ? word : word.substr(sign + 1);
  auto once = [&](bool given) -> std::optional<std::string> {
    if (value.empty()) return quoted(word) + " needs a value";
    if (given) return "two of " + name + " in one rule (write ? for a blank in a path)";
    return std::nullopt;
  };
  if (name == "path" && relation == '=') {
    const auto wrong = once(!rule.path.empty());
    rule.path = value;
    return wrong ? wrong : mistake_in_glob(value);
  }
  if (name == "kind" && relation == '=') {
    const auto wrong = once(!rule.kind.empty());
    rule.kind = value;
    return wrong || is_kind(value) ? wrong : quoted(value) + " is no kind of repository";
  }
  if (name == "owner" && relation == '=') {
    const auto wrong = once(!rule.owner.empty());
    rule.owner = value;
    rule.uid = to_number<std::uint32_t>(value);
    return wrong;
  }
  if (name == "size" && relation != '=') {
    std::optional<std::uint64_t>& limit = relation == '>' ? rule.above : rule.below;
    const auto wrong = once(limit.has_value());
    limit = read_size(value);
    return wrong || limit ? wrong
                          : quoted(word) + ": a size is a number with B, KiB, MiB, GiB or TiB";
  }
  return quoted(word) +
         " is no condition: they are GLOB, path=GLOB, kind=KIND, owner=USER, "
         "size>SIZE and size<SIZE, with blanks between them only";
}

Result<Rule> read_rule(const ConfigValue& value,
                       const std::function<bool(const std::string&)>& is_kind) {
  constexpr std::string_view kBlanks = " \t";
  Rule rule;
  rule.text = value.text;
  rule.line = value.line;
  bool empty = true;
  for (std::size_t at = value.text.find_first_not_of(kBlanks); at != std::string::npos;) {
    const std::size_t end = std::min(value.text.find_first_of(kBlanks, at), value.text.size());
    empty = false;
    if (const auto wrong = read_condition(value.text.substr(at, end - at), rule, is_kind)) {
      return config_mistake(value.line, *wrong);
    }
    at = value.text.find_first_not_of(kBlanks, end);
  }
  if (empty) return config_mistake(value.line, "a rule without a condition");
  return rule;
}

// fnmatch(3) on the whole path, or without '/' in the pattern on any one component.
bool matches(const std::string& pattern, const std::string& path) {
  if (pattern.find('/') != std::string::npos) return fnmatch(pattern.c_str(), path.c_str(), 0) == 0;
  for (std::size_t at = 0; at < path.size();) {
    const std::size_t end = std::min(path.find('/', at), path.size());
    const std::string name = path.substr(at, end - at);
    if (!name.empty() && fnmatch(pattern.c_str(), name.c_str(), 0) == 0) return true;
    at = end + 1;
  }
  return false;
}

enum class Match { kNo, kYes, kUnknown };

Match match(const Rule& rule, const Repository& repository, std::optional<std::uint64_t> size) {
  if (!rule.path.empty() && !matches(rule.path, repository.path)) return Match::kNo;
  if (!rule.kind.empty() && rule.kind != repository.kind) return Match::kNo;
  if (!rule.owner.empty() && !rule.any_owner && rule.uid != repository.uid) return Match::kNo;
  if (!rule.above && !rule.below) return Match::kYes;
  if (!size) return Match::kUnknown;
  const bool fits = (!rule.above || *size > *rule.above) && (!rule.below || *size < *rule.below);
  return fits ? Match::kYes : Match::kNo;
}

// What the rules say together: the first that holds, and whether another might.
struct Matches {
  const Rule* rule = nullptr;
  bool unknown = false;
};

Matches match(const std::vector<Rule>& rules, const Repository& repository,
              std::optional<std::uint64_t> size) {
  Matches all;
  for (const Rule& rule : rules) {
    const Match each = match(rule, repository, size);
    if (each == Match::kYes && !all.rule) all.rule = &rule;
    all.unknown = all.unknown || each == Match::kUnknown;
  }
  return all;
}

Decision listed(const std::string& rule, const std::string& why) {
  return {Verdict::kList, rule, "listed only: " + why};
}

}  // namespace

Result<Policy> read_policy(const ConfigSection& section,
                           const std::function<bool(const std::string&)>& is_kind) {
  Policy policy;
  for (const ConfigEntry& entry : section.entries) {
    const bool is_rules = entry.key == "list" || entry.key == "dump";
    if (!is_rules && entry.key != "default-list") {
      return config_mistake(entry.line,
                            "[policy] has no key " + entry.key + ": list, dump or default-list");
    }
    if (is_rules == (entry.type == ConfigType::kBool)) {
      return config_mistake(
          entry.line, entry.key + (is_rules ? " needs rules in quotes" : " needs true or false"));
    }
    if (!is_rules) {
      policy.default_list = entry.values.front().text == "true";
      continue;
    }
    std::vector<Rule>& rules = entry.key == "list" ? policy.list : policy.dump;
    for (const ConfigValue& value : entry.values) {
      Result<Rule> rule = read_rule(value, is_kind);
      if (!rule) return rule.error();
      rules.push_back(*std::move(rule));
    }
  }
  return policy;
}

std::vector<Rule> find_owners(Policy& policy, const FindUser& find_user) {
  std::vector<Rule> unknown;
  for (std::vector<Rule>* rules : {&policy.list, &policy.dump}) {
    for (Rule& rule : *rules) {
      if (rule.owner.empty() || rule.uid) continue;
      rule.uid = find_user(rule.owner);
      if (rule.uid) continue;
      rule.any_owner = rules == &policy.dump;
      unknown.push_back(rule);
    }
  }
  return unknown;
}

Decision decide(const Policy& policy, const Repository& repository,
                std::optional<std::uint64_t> size) {
  const Matches dump = match(policy.dump, repository, size);
  if (dump.rule) return {};
  const Matches list = match(policy.list, repository, size);
  const auto built_in =
      std::find_if(default_rules().begin(), default_rules().end(), [&](const DefaultRule& rule) {
        // No tool fetches a Subversion repository: one is an original wherever it lies.
        return policy.default_list && repository.kind != "svn" && applies(rule, repository.path);
      });
  const bool is_built_in = built_in != default_rules().end();
  if (!list.rule && !is_built_in)
    return {list.unknown ? Verdict::kAskAgain : Verdict::kDump, "", ""};
  if (dump.unknown) return {Verdict::kAskAgain, "", ""};
  if (list.rule)
    return listed(list.rule->text, "the list rule " + quoted(list.rule->text) + " of [policy]");
  const std::string folder(built_in->folder);
  return listed(folder, folder + " holds " + std::string(built_in->holds) +
                            " (built-in rule; a dump rule in [policy] copies it)");
}

}  // namespace repo
