#include "restorer/choose.h"

#include <algorithm>
#include <numeric>
#include <tuple>

#include "base/bytes_path.h"

namespace repo {
namespace {

// Letters to insert, delete or exchange (Levenshtein), of two texts that are not too long.
std::size_t distance(std::string_view a, std::string_view b) {
  constexpr std::size_t kLongest = 512;
  a = a.substr(0, kLongest);
  b = b.substr(0, kLongest);
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t exchanged = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({exchanged, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row.back();
}

std::string_view last_part(std::string_view path) {
  while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  return path.substr(path.rfind('/') + 1);
}

// When there was last something to be learned of it.
std::optional<UtcTime> last_turn(const CopiedItem& item) {
  std::optional<UtcTime> turn = item.proof.proven();
  if (item.proof.last && (!turn || *turn < item.proof.last->time)) turn = item.proof.last->time;
  return turn;
}

}  // namespace

std::vector<std::string> nearest_names(const std::string& word,
                                       const std::vector<std::string>& names) {
  std::vector<std::tuple<std::size_t, std::size_t, std::string>> ranked;
  for (const std::string& name : names) {
    const std::size_t whole = distance(word, name);
    const std::size_t last = distance(last_part(word), last_part(name));
    ranked.emplace_back(std::min(whole, last), whole, name);
  }
  constexpr std::size_t kMost = 3;
  const std::size_t shown = std::min(kMost, ranked.size());
  std::partial_sort(ranked.begin(), ranked.begin() + static_cast<std::ptrdiff_t>(shown),
                    ranked.end());
  std::vector<std::string> nearest;
  for (std::size_t i = 0; i < shown; ++i) nearest.push_back(std::get<2>(std::move(ranked[i])));
  return nearest;
}

Result<std::vector<const CopiedItem*>> choose_items(const std::vector<CopiedItem>& items,
                                                    const std::vector<std::string>& words,
                                                    const std::set<std::string>& kinds) {
  auto is_wanted = [&](const CopiedItem& item) {
    return kinds.empty() || kinds.contains(item.kind);
  };
  std::vector<bool> chosen(items.size(), words.empty());
  for (const std::string& given : words) {
    std::string word = given;
    while (word.size() > 1 && word.ends_with('/')) word.pop_back();
    bool found = false;
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (!is_wanted(items[i]) || (items[i].id != word && items[i].path != word)) continue;
      chosen[i] = found = true;
    }
    if (found) continue;
    std::vector<std::string> names;
    for (const CopiedItem& item : items) {
      if (is_wanted(item)) names.push_back(item.path.empty() ? item.id : item.path);
    }
    std::string message = "no copy has this path or id";
    const std::vector<std::string> nearest = nearest_names(word, names);
    for (std::size_t i = 0; i < nearest.size(); ++i) {
      message += (i == 0 ? ". The nearest: " : ", ") + printable(nearest[i]);
    }
    return plain_error("find", given, message);
  }
  std::vector<const CopiedItem*> found;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (chosen[i] && is_wanted(items[i])) found.push_back(&items[i]);
  }
  return found;
}

std::vector<const CopiedItem*> without_proof(std::vector<const CopiedItem*> items,
                                             std::chrono::seconds stale, UtcTime now) {
  std::erase_if(items, [&](const CopiedItem* item) {
    const std::optional<UtcTime> proven = item->proof.proven();
    const bool is_bad = !item->generations.empty() &&
                        item->proof.why_bad(item->generations.front().stamp) != nullptr;
    const bool lacks_something = item->has_current() && item->generations.front().record &&
                                 !item->generations.front().record->missing.empty();
    return !is_bad && !lacks_something && proven && *proven <= now && now - *proven < stale;
  });
  return items;
}

void oldest_proof_first(std::vector<const CopiedItem*>& items) {
  std::stable_sort(items.begin(), items.end(), [](const CopiedItem* a, const CopiedItem* b) {
    return last_turn(*a) < last_turn(*b);  // nothing is less than any time
  });
}

std::optional<std::chrono::duration<double>> expected_time(const CopiedItem& item) {
  if (!item.proof.last || item.proof.last->seconds <= 0) return std::nullopt;
  return std::chrono::duration<double>(item.proof.last->seconds);
}

}  // namespace repo
