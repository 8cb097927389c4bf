// Real repositories, made by the real tools.
#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "tests/support/background.h"
#include "tests/support/test_support.h"

namespace repo::test {

// file:// URL of a path, percent-encoded.
std::string file_url(const std::string& path);

// `svnadmin create`, with options as it takes them ("--compatible-version", "1.4").
void svn_create(const std::string& path, const std::vector<std::string>& options = {});
// One revision that writes `content` to `file`.
void svn_commit(const std::string& path, const std::string& file, const std::string& content);
std::string svn_uuid(const std::string& path);
int svn_youngest(const std::string& path);
std::string svn_tree(const std::string& path);  // of the youngest revision, with sizes
// Empty where svnadmin verify is content.
std::string svn_complaint(const std::string& path);
// Packs what is packable: shards are made of `shard` revisions each.
void svn_set_shard(const std::string& path, int shard);
void svn_pack(const std::string& path);

// hg with nobody's configuration and the given words; the test fails unless it ends in 0.
std::string hg(const std::string& path, const std::vector<std::string>& words);
Ran try_hg(const std::string& path, const std::vector<std::string>& words);
void hg_init(const std::string& path, const std::vector<std::string>& options = {});
// One changeset that writes `content` to `file`, by a fixed user at a fixed time.
void hg_commit(const std::string& path, const std::string& file, const std::string& content);
// Everything that hg says of its changesets, hidden ones too: node, phase, branch, bookmarks, tags.
std::string hg_log(const std::string& path);
std::string hg_complaint(const std::string& path);

// git with nobody's configuration and the given words; the test fails unless it ends in 0.
std::string git(const std::string& path, const std::vector<std::string>& words);
Ran try_git(const std::string& path, const std::vector<std::string>& words);
void git_init(const std::string& path, const std::vector<std::string>& options = {});
// One commit that writes `content` to `file`.
void git_commit(const std::string& path, const std::string& file, const std::string& content);
// HEAD, every ref and the stashes.
std::string git_state(const std::string& path);
std::string git_complaint(const std::string& path);

// What the contract of all kinds needs to know of one of them.
struct KindFactory {
  std::string kind;
  std::string tool;
  void (*create)(const std::string& path);
  void (*commit)(const std::string& path, const std::string& content);  // one change
  // Empty where the tool is content with the repository.
  std::string (*complaint)(const std::string& path);
  // What the repository is: equal for a repository and its copy.
  std::string (*state)(const std::string& path);
  // Damages the history so that only reading all of it tells.
  void (*damage)(const std::string& path);
};
const std::vector<KindFactory>& kind_factories();
inline std::ostream& operator<<(std::ostream& out, const KindFactory& factory) {
  return out << factory.kind;
}

// Several writers that commit to one repository until stop() or, each, until `most` commits.
class Storm {
 public:
  // Two writers over file://; each commit is a revision.
  static Storm svn(const std::string& path, int most);
  // Two command servers that commit, amend and strip.
  static Storm hg(const std::string& path, int most);
  // Two writers, each on a branch of its own: commits, every third one amended.
  static Storm git(const std::string& path, int most);

  // Lets them end their commit and waits for them. The exit statuses must be 0.
  void stop();

 private:
  explicit Storm(const std::string& path) : stop_file_(path + ".stop"), errors_(path + ".errors") {}
  std::string stop_file_;
  std::string errors_;
  std::vector<Background> writers_;
};

}  // namespace repo::test
