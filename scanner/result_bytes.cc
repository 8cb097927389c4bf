// One function for each type names its fields; a Writer and a Reader go through them alike.
#include "scanner/result_bytes.h"

#include <cstdint>
#include <cstring>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace repo {
namespace {

template <typename A>
void fields(A& a, Repository& r) {
  a(r.kind, r.path, r.store, r.device, r.inode, r.uid, r.gid, r.mode, r.born, r.detail);
}
template <typename A>
void fields(A& a, UtcTime& time) {
  std::int64_t seconds = time.time_since_epoch().count();
  a(seconds);
  time = UtcTime(std::chrono::seconds(seconds));
}
template <typename A>
void fields(A& a, Pointer& p) {
  a(p.kind, p.path, p.target, p.why, p.repository);
}
template <typename A>
void fields(A& a, Pruned& p) {
  a(p.path, p.why, p.notable);
}
template <typename A>
void fields(A& a, Error& e) {
  a(e.op, e.path, e.code, e.message, e.output);
}
template <typename A>
void fields(A& a, ScanStats& s) {
  a(s.directories, s.directories_read, s.leaf_skipped, s.entries, s.vanished, s.seconds);
}
template <typename A>
void fields(A& a, ScanResult& r) {
  a(r.repositories, r.pointers, r.pruned, r.errors, r.stats, r.complete);
}
template <typename A, typename First, typename Second>
void fields(A& a, std::pair<First, Second>& p) {
  a(p.first, p.second);
}

class Writer {
 public:
  template <typename... Ts>
  void operator()(Ts&... each) {
    (put(each), ...);
  }
  std::string take() { return std::move(bytes_); }

 private:
  template <typename T>
  void put(T& value) {
    if constexpr (std::is_arithmetic_v<T>) {
      bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
    } else {
      fields(*this, value);
    }
  }
  void put(std::string& text) {
    std::size_t size = text.size();
    put(size);
    bytes_ += text;
  }
  template <typename T>
  void put(std::vector<T>& list) {
    std::size_t size = list.size();
    put(size);
    for (T& each : list) put(each);
  }
  template <typename T>
  void put(std::optional<T>& value) {
    bool is_set = value.has_value();
    put(is_set);
    if (value) put(*value);
  }
  template <typename... Ts>
  void put(std::variant<Ts...>& value) {
    std::size_t index = value.index();
    put(index);
    std::visit([this](auto& held) { put(held); }, value);
  }

  std::string bytes_;
};

class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}
  template <typename... Ts>
  void operator()(Ts&... each) {
    (get(each), ...);
  }
  bool is_whole() const { return good_ && rest_.empty(); }

 private:
  template <typename T>
  void get(T& value) {
    if constexpr (std::is_arithmetic_v<T>) {
      const std::string_view bytes = take(sizeof value);
      if (!bytes.empty()) std::memcpy(&value, bytes.data(), sizeof value);
    } else {
      fields(*this, value);
    }
  }
  void get(std::string& text) { text = take(size()); }
  template <typename T>
  void get(std::vector<T>& list) {
    for (std::size_t left = size(); left > 0 && good_; --left) get(list.emplace_back());
  }
  template <typename T>
  void get(std::optional<T>& value) {
    bool is_set = false;
    get(is_set);
    if (is_set) get(value.emplace());
  }
  template <typename... Ts>
  void get(std::variant<Ts...>& value) {
    const std::size_t index = size();
    std::size_t i = 0;
    // The alternative with that index.
    ((i++ == index ? get(value.template emplace<Ts>()) : void()), ...);
  }

  std::size_t size() {
    std::size_t size = 0;
    get(size);
    return size;
  }
  std::string_view take(std::size_t size) {
    good_ = good_ && size <= rest_.size();
    if (!good_) return {};
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }

  std::string_view rest_;
  bool good_ = true;
};

}  // namespace

std::string to_bytes(const ScanResult& result) {
  Writer writer;
  writer(const_cast<ScanResult&>(result));  // NOLINT: written to by the Reader alone
  return writer.take();
}

std::optional<ScanResult> from_bytes(std::string_view bytes) {
  Reader reader(bytes);
  ScanResult result;
  reader(result);
  if (!reader.is_whole()) return std::nullopt;
  return result;
}

}  // namespace repo
