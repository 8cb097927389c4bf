// The text of a kind's file becomes a value. JSON is known here alone.

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <set>

#include "base/bytes_path.h"
#include "base/clock.h"
#include "base/number.h"
#include "base/text.h"
#include "scanner/user_check.h"
#include "scanner/user_kind_file.h"

namespace repo {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kVersion = 1;

// One object of the file and what is wrong with it. Every field that is asked for is known; the
// others are told by end().
class Object {
 public:
  Object(const Json& json, std::string where, std::vector<std::string>& mistakes)
      : json_(json), where_(std::move(where)), mistakes_(mistakes) {
    if (!json_.is_object()) mistakes_.push_back(where_ + ": not an object");
  }

  void wrong(const std::string& field, const std::string& why) const {
    mistakes_.push_back(where_ + (where_.empty() ? "" : ".") + field + ": " + why);
  }

  // A text that must not be empty where the field is there.
  void some_text(const char* field, std::string& to) {
    text(field, to);
    const Json* json = find(field);
    if (json && json->is_string() && to.empty()) wrong(field, "empty");
  }

  // Null where there is none.
  const Json* find(const char* field) {
    known_.insert(field);
    if (!json_.is_object()) return nullptr;
    const auto found = json_.find(field);
    return found == json_.end() ? nullptr : &*found;
  }

  void text(const char* field, std::string& to) {
    const Json* json = find(field);
    if (!json) return;
    if (!json->is_string()) return wrong(field, "not a text");
    to = json->get<std::string>();
  }

  // One of the words; nothing where there is no such field, or no such word.
  std::optional<std::string> word(const char* field, std::initializer_list<const char*> words) {
    const Json* json = find(field);
    if (!json) return std::nullopt;
    std::string allowed;
    for (const char* each : words) {
      if (json->is_string() && json->get<std::string>() == each) return each;
      allowed += (allowed.empty() ? "\"" : ", \"") + std::string(each) + "\"";
    }
    wrong(field, "one of " + allowed);
    return std::nullopt;
  }

  // A list of texts, or with `one` a text that stands for a list of one.
  void texts(const char* field, std::vector<std::string>& to, bool one = false) {
    const Json* json = find(field);
    if (!json) return;
    if (one && json->is_string()) {
      to = {json->get<std::string>()};
      return;
    }
    const bool is_list =
        json->is_array() &&
        std::all_of(json->begin(), json->end(), [](const Json& each) { return each.is_string(); });
    if (!is_list)
      return wrong(field, one ? "not a text or a list of texts" : "not a list of texts");
    to = json->get<std::vector<std::string>>();
  }

  std::optional<std::uint64_t> number(const char* field) {
    const Json* json = find(field);
    if (!json) return std::nullopt;
    if (json->is_number_unsigned()) return json->get<std::uint64_t>();
    // To JSON Schema 1.0 is the number 1.
    constexpr double kMostExact = 9007199254740992.0;  // 2^53
    if (json->is_number_float()) {
      const auto value = json->get<double>();
      if (value >= 0 && value <= kMostExact && std::trunc(value) == value) {
        return static_cast<std::uint64_t>(value);
      }
    }
    wrong(field, "not a whole number of 0 or more");
    return std::nullopt;
  }

  // Calls read(object, "field" or "field[N]") for an object, or for each of a list of objects.
  template <typename Read>
  void objects(const char* field, Read read) {
    const Json* json = find(field);
    if (!json) return;
    const std::string at = where_ + (where_.empty() ? "" : ".") + field;
    if (json->is_object()) return read(*json, at);
    if (!json->is_array()) return wrong(field, "not an object or a list of objects");
    if (json->empty()) return wrong(field, "an empty list: leave the field out");
    for (std::size_t i = 0; i < json->size(); ++i) {
      read((*json)[i], at + "[" + std::to_string(i) + "]");
    }
  }

  void end() const {
    if (!json_.is_object()) return;
    for (const auto& [field, value] : json_.items()) {
      if (known_.contains(field)) continue;
      std::string all;
      for (const std::string& each : known_) all += (all.empty() ? "" : ", ") + each;
      wrong(printable(field), "no such field; there are: " + all);
    }
  }

 private:
  const Json& json_;
  const std::string where_;
  std::vector<std::string>& mistakes_;
  std::set<std::string> known_;
};

std::optional<std::string> from_hex(const std::string& text) {
  constexpr int kBase = 16;
  if (text.empty() || text.size() % 2 != 0) return std::nullopt;
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const auto byte = to_number<unsigned char>(std::string_view(text).substr(i, 2), kBase);
    if (!byte) return std::nullopt;
    bytes += static_cast<char>(*byte);
  }
  return bytes;
}

class Reader {
 public:
  explicit Reader(std::vector<std::string>& mistakes) : mistakes_(mistakes) {}

  UserKind read(const Json& json) {
    Object object(json, "", mistakes_);
    object.word("format", {"repo-backup/kind"});
    if (object.number("version").value_or(kVersion) != kVersion) {
      object.wrong("version", "this program knows version 1");
    }
    for (const char* needed : {"format", "version", "kind", "signature", "dump"}) {
      if (json.is_object() && !json.contains(needed)) object.wrong(needed, "missing");
    }
    for (const char* single : {"signature", "tool_version"}) {
      const Json* field = object.find(single);
      if (field && !field->is_object()) object.wrong(single, "not an object");
    }
    UserKind kind;
    object.text("kind", kind.name);
    object.text("description", kind.description);
    object.text("package", kind.package);
    object.text("restore", kind.restore);
    object.objects("signature", [&](const Json& at, const std::string& where) {
      signature(at, where, kind.signature);
    });
    for (const auto& [field, commands] : {std::pair("tool_version", &kind.version),
                                          {"identity", &kind.identity},
                                          {"state", &kind.state},
                                          {"dump", &kind.dump},
                                          {"cleanup", &kind.cleanup},
                                          {"verify", &kind.verify},
                                          {"drill", &kind.drill},
                                          {"compare", &kind.compare},
                                          {"control", &kind.control}}) {
      object.objects(field, [&, to = commands](const Json& at, const std::string& where) {
        to->push_back(command(at, where));
      });
    }
    object.some_text("run_as", kind.run_as);
    network(object, "network", kind.network);
    network(object, "drill_network", kind.drill_network);
    environment(object, kind);
    object.texts("folders", kind.folders);
    object.texts("programs", kind.programs);
    object.objects("secrets", [&](const Json& at, const std::string& where) {
      kind.secrets.push_back(secret(at, where));
    });
    kind.min_bytes = object.number("min_bytes").value_or(1);
    constexpr std::uint64_t kTooMuch = 100;
    if (const auto percent = object.number("max_shrink_percent")) {
      kind.max_shrink = static_cast<unsigned>(std::min(*percent, kTooMuch));
    }
    kind.unchanged_by_files = object.word("unchanged", {"never", "by files"}) == "by files";
    kind.stands_for_directory = object.word("stands_for", {"files", "directory"}) == "directory";
    object.end();
    return kind;
  }

 private:
  static void network(Object& object, const char* field, UserNetwork& to) {
    const auto word = object.word(field, {"none", "unix", "own", "host"});
    if (word == "unix") to = UserNetwork::kUnix;
    if (word == "own") to = UserNetwork::kOwn;
    if (word == "host") to = UserNetwork::kHost;
  }

  static void environment(Object& object, UserKind& kind) {
    const Json* json = object.find("environment");
    if (!json) return;
    if (!json->is_object()) return object.wrong("environment", "not an object");
    for (const auto& [name, value] : json->items()) {
      if (value.is_string()) {
        kind.environment.emplace_back(name, value.get<std::string>());
      } else {
        object.wrong("environment." + printable(name), "not a text");
      }
    }
  }

  void signature(const Json& json, const std::string& where, UserSignature& to) {
    Object object(json, where, mistakes_);
    object.texts("files", to.files);
    object.texts("directories", to.directories);
    object.texts("globs", to.globs);
    object.texts("except", to.excepted);
    object.texts("paths", to.paths);
    const Json* prune = object.find("prune");
    if (prune && prune->is_boolean()) {
      to.all_pruned = prune->get<bool>();
    } else if (prune && prune->is_array()) {
      object.texts("prune", to.pruned);
    } else if (prune) {
      object.wrong("prune", "true, false, or a list of names");
    }
    object.objects("magic", [&](const Json& at, const std::string& here) {
      to.magics.push_back(magic(at, here));
    });
    object.end();
  }

  UserMagic magic(const Json& json, const std::string& where) {
    UserMagic magic;
    Object object(json, where, mistakes_);
    object.texts("glob", magic.globs, true);
    magic.offset = object.number("offset").value_or(0);
    std::string hex;
    object.text("text", magic.bytes);
    object.text("hex", hex);
    if (object.find("text") && object.find("hex")) {
      object.wrong("hex", "besides \"text\": one of them");
    } else if (object.find("hex")) {
      const std::optional<std::string> bytes = from_hex(hex);
      if (!bytes) object.wrong("hex", "not an even number of hexadecimal digits");
      magic.bytes = bytes.value_or("");
    }
    object.end();
    return magic;
  }

  UserCommand command(const Json& json, const std::string& where) {
    UserCommand command;
    Object object(json, where, mistakes_);
    object.texts("argv", command.argv);
    command.each_match = object.word("for_each", {"match"}).has_value();
    object.texts("fail_if", command.fail_if);
    object.texts("must_say", command.must_say);
    object.some_text("output", command.output);
    std::string timeout;
    object.some_text("timeout", timeout);
    if (!timeout.empty()) {
      command.timeout = parse_duration(timeout);
      if (!command.timeout) object.wrong("timeout", "a number with s, m, h or d: \"10m\"");
    }
    if (const Json* codes = object.find("exit_codes")) {
      constexpr int kHighest = 125;
      const auto is_code = [&](const Json& each) {
        return each.is_number_unsigned() && each.get<std::uint64_t>() <= kHighest;
      };
      if (codes->is_array() && std::all_of(codes->begin(), codes->end(), is_code)) {
        command.exit_codes = codes->get<std::vector<int>>();
      } else {
        object.wrong("exit_codes", "not a list of numbers within 0 and 125");
      }
    }
    object.end();
    return command;
  }

  UserSecret secret(const Json& json, const std::string& where) {
    UserSecret secret;
    Object object(json, where, mistakes_);
    object.text("file", secret.file);
    object.text("at", secret.at);
    constexpr std::uint64_t kTooLarge = 99;
    if (const auto number = object.number("number")) {
      secret.number = static_cast<int>(std::min(*number, kTooLarge));
    }
    object.end();
    return secret;
  }

  std::vector<std::string>& mistakes_;
};

// nlohmann_json takes the last of two fields of one name in silence.
class Twice {
 public:
  bool operator()(int, Json::parse_event_t event, const Json& parsed) {
    if (event == Json::parse_event_t::object_start) fields_.emplace_back();
    if (event == Json::parse_event_t::object_end) fields_.pop_back();
    if (event == Json::parse_event_t::key) {
      const auto field = parsed.get<std::string>();
      if (!fields_.back().insert(field).second && field_.empty()) field_ = field;
    }
    return true;
  }
  const std::string& field() const { return field_; }

 private:
  std::vector<std::set<std::string>> fields_;
  std::string field_;
};

}  // namespace

UserKinds parse_user_kind(std::string_view text, const std::string& file) {
  UserKinds result;
  const auto wrong = [&](const std::string& why) {
    result.errors.push_back(plain_error("use", file, why));
  };
  Twice twice;
  Json json;
  try {
    json = Json::parse(text, [&](int depth, Json::parse_event_t event, const Json& parsed) {
      return twice(depth, event, parsed);
    });
  } catch (const Json::exception& error) {
    wrong("not JSON: " + printable(error.what()));
    return result;
  }
  std::vector<std::string> mistakes;
  if (!twice.field().empty()) mistakes.push_back(printable(twice.field()) + ": stands there twice");
  UserKind kind;
  if (json.is_object()) {
    kind = Reader(mistakes).read(json);
  } else {
    mistakes.emplace_back("the file: not an object");
  }
  kind.file = file;
  const std::size_t slash = file.rfind('/');
  kind.folder = slash == std::string::npos ? "." : file.substr(0, std::max<std::size_t>(slash, 1));
  if (mistakes.empty()) mistakes = mistakes_in_kind(kind);
  for (const std::string& each : mistakes) wrong(each);
  if (mistakes.empty()) result.kinds.push_back(std::move(kind));
  return result;
}

}  // namespace repo
