#include "scanner/kinds.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <utility>

#include "scanner/user_match.h"

namespace repo {
namespace {

constexpr std::size_t kMostKinds = 64;

std::uint64_t first_byte_bit(char first) {
  return std::uint64_t{1} << (static_cast<unsigned char>(first) & 63U);
}

bool may_be_file(EntryType type) { return type == EntryType::kFile || type == EntryType::kUnknown; }

bool may_be_directory(EntryType type) {
  return type == EntryType::kDirectory || type == EntryType::kUnknown;
}

}  // namespace

bool is_built_in(std::string_view kind) {
  const auto rows = signatures();
  return std::any_of(rows.begin(), rows.end(),
                     [&](const Signature& row) { return row.kind == kind; });
}

Result<Kinds> Kinds::with(std::vector<UserKind> user) {
  Kinds kinds;
  if (user.size() > kMostKinds) {
    return plain_error(
        "use", user[kMostKinds].file,
        fmt::format("{} kinds are defined: no more than {} can be looked for at once", user.size(),
                    kMostKinds));
  }
  kinds.user_ = std::move(user);
  for (std::size_t i = 0; i < kinds.user_.size(); ++i) {
    const UserSignature& signature = kinds.user_[i].signature;
    const KindSet kind = KindSet{1} << i;
    NameBits required = 0;
    for (const bool is_directory : {false, true}) {
      for (const std::string& name : is_directory ? signature.directories : signature.files) {
        const Result<NameBits> bit = kinds.bit_of(name, is_directory);
        if (!bit) {
          return plain_error("use", kinds.user_[i].file, "signature: " + bit.error().message);
        }
        required |= *bit;
      }
    }
    kinds.required_.push_back(required);
    if (required == 0) kinds.globbed_ |= kind;
    if (signature.directories.empty()) kinds.leaves_ |= kind;
    if (signature.paths.empty()) kinds.everywhere_ |= kind;
    for (const std::string& path : signature.paths) kinds.place(path, kind);
  }
  return kinds;
}

const UserKind* Kinds::find_user(std::string_view name) const {
  const auto found = std::find_if(user_.begin(), user_.end(),
                                  [&](const UserKind& each) { return each.name == name; });
  return found == user_.end() ? nullptr : &*found;
}

std::vector<std::string> Kinds::names() const {
  std::vector<std::string> names;
  for (const Signature& each : signatures()) {
    if (names.empty() || names.back() != each.kind) names.push_back(each.kind);
  }
  for (const UserKind& each : user_) names.push_back(each.name);
  return names;
}

Result<NameBits> Kinds::bit_of(const std::string& name, bool is_directory) {
  for (const Name& each : names_) {
    if (each.name == name && each.is_directory == is_directory) return each.bit;
  }
  constexpr std::size_t kBits = 64;
  const std::size_t next = kBuiltInNames + names_.size();
  if (next >= kBits) {
    return plain_error("use", "",
                       fmt::format("all kinds together name more than {} files and directories",
                                   kBits - kBuiltInNames));
  }
  names_.push_back({name, is_directory, NameBits{1} << next});
  first_bytes_.at(name.size()) |= first_byte_bit(name[0]);
  return names_.back().bit;
}

void Kinds::place(const std::string& path, KindSet kind) {
  if (!top_) top_ = std::make_shared<KindPlace>();
  KindPlace* at = top_.get();
  for (std::string_view rest = std::string_view(path).substr(1); !rest.empty();) {
    const std::string_view name = rest.substr(0, rest.find('/'));
    rest.remove_prefix(std::min(name.size() + 1, rest.size()));
    std::unique_ptr<KindPlace>& next = at->below[std::string(name)];
    if (!next) next = std::make_unique<KindPlace>();
    at = next.get();
  }
  at->here |= kind;
}

KindScope Kinds::scope_at(std::string_view path) const {
  KindScope scope{everywhere_ | (top_ ? top_->here : 0), top_.get()};
  for (std::string_view rest = path.substr(1); !rest.empty();) {
    const std::string_view name = rest.substr(0, rest.find('/'));
    rest.remove_prefix(std::min(name.size() + 1, rest.size()));
    scope = scope_below(scope, name);
  }
  return scope;
}

void Kinds::notice_user(KindSet kinds, std::string_view name, EntryType type,
                        Noticed& noticed) const {
  if (!name.empty() && name.size() < first_bytes_.size() &&
      (first_bytes_[name.size()] & first_byte_bit(name[0])) != 0) {
    for (const Name& each : names_) {
      const bool fits = each.is_directory ? may_be_directory(type) : may_be_file(type);
      if (fits && each.name == name) noticed.bits |= each.bit;
    }
  }
  if (!may_be_file(type)) return;
  // The kinds that are noticed already are asked no more.
  for (KindSet left = kinds & globbed_ & ~noticed.kinds; left != 0; left &= left - 1) {
    const auto i = static_cast<std::size_t>(std::countr_zero(left));
    if (matches_a_glob(user_[i].signature, name)) noticed.kinds |= KindSet{1} << i;
  }
}

KindSet Kinds::candidates(const KindScope& scope, const Noticed& noticed) const {
  KindSet candidates = scope.kinds & globbed_ & noticed.kinds;
  for (KindSet left = scope.kinds & ~globbed_; left != 0; left &= left - 1) {
    const auto i = static_cast<std::size_t>(std::countr_zero(left));
    if ((noticed.bits & required_[i]) == required_[i]) candidates |= KindSet{1} << i;
  }
  return candidates;
}

}  // namespace repo
