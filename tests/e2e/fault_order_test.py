"""The order of what makes a copy safe, read from a log of the system calls of a run."""
import re

from faults import FaultCase, add_git_commit, calls_in, make_git
from support import add_svn_revision, main, make_svn

WRITES = ("write", "pwrite64", "copy_file_range", "ftruncate", "mkdirat", "linkat", "symlinkat",
          "utimensat", "fchmod", "fchown", "fchownat")
CALLS = WRITES + ("openat", "unlinkat", "fsync", "syncfs", "renameat", "renameat2")


class OrderTest(FaultCase):
    def setUp(self):
        super().setUp()
        self.alpha = make_svn(self.src / "alpha", 2)
        self.beta = make_git(self.src / "beta", 2)
        self.manifest = self.scan()

    def night(self, *options):
        done = self.traced(self.manifest, "-j", "1", "--keep", "1", *options, calls=CALLS,
                           decode=True)
        self.assert_code(done, 0)
        return calls_in(self.log)

    def test_D3_a_first_publish(self):
        calls = self.night()
        for path in (self.alpha, self.beta):
            with self.subTest(path=path):
                self.assert_order(calls, path, "RENAME_NOREPLACE")

    def test_D3_an_exchange_and_retention(self):
        self.assert_code(self.dump(self.manifest), 0)
        add_svn_revision(self.alpha, "more")
        add_git_commit(self.beta, "more")
        before = {path: self.generation_of(path) for path in (self.alpha, self.beta)}
        calls = self.night()
        for path in (self.alpha, self.beta):
            with self.subTest(path=path):
                published = self.assert_order(calls, path, "RENAME_EXCHANGE")
                self.assert_retention(calls, path, published, before[path])

    def assert_order(self, calls, path, flag):
        """Returns the place of the last fsync of the publish."""
        folder = self.copy_of(path)
        kind, name = folder.parent.name, folder.name
        staging = f"{self.to}/control/staging"
        staged = f"{staging}/{kind}.{name}"

        def places(names, pattern, among=None):
            found = [i for i, call in enumerate(calls) if call.name in names and
                     re.search(pattern, call.arguments) and (among is None or i in among)]
            return found

        publish = places(["renameat2"], rf'<{staging}>, "{kind}\.{name}", \d+<{self.to}/current/'
                                        rf'{kind}>, "{name}", {flag}$')
        publish = [i for i in publish if not calls[i].failed]
        self.assertEqual(len(publish), 1)
        publish = publish[0]
        # The item's own sync: the last one before its publish.
        sync = [i for i in places(["syncfs"], rf"^\d+<{staging}>$") if i < publish][-1]
        self.assertEqual(calls[sync].result, "0")

        written = places(WRITES, rf"<{re.escape(staged)}[/>]")
        written += places(["renameat"], rf"<{re.escape(staged)}>")
        written += places(["openat"], rf"<{re.escape(staged)}[/>].*O_CREAT")
        before = [i for i in written if i < publish]
        for what in ("SHA256SUMS", "owners", "item.json.part"):
            self.assertTrue(any(f"{staged}/{what}>" in calls[i].arguments for i in before), what)
        self.assertTrue(any(f"{staged}/data" in calls[i].arguments for i in before))
        late = [str(calls[i]) for i in before if i > sync]
        self.assertEqual(late, [], "written after it was synced")
        # Nothing of it was opened for writing before the descriptor that syncfs is called on, which
        # tells of the errors since it was opened.
        number = calls[sync].arguments.split("<")[0]
        opened = [i for i in places(["openat"], rf'^\d+<{staging}>, "\.", ') if i < sync and
                  calls[i].result.startswith(f"{number}<")][-1]
        self.assertLess(opened, min(before))

        said = places(["write"], rf'^1<.*copied    {kind}')
        self.assertEqual(len(said), 1)
        parents = []
        for parent in (f"{self.to}/current/{kind}", staging):
            synced = [i for i in places(["fsync"], rf"^\d+<{re.escape(parent)}>$")
                      if publish < i < said[0]]
            self.assertTrue(synced, parent)
            self.assertEqual(calls[synced[0]].result, "0")
            parents.append(synced[0])
        # The new folder of a kind is on disk as well.
        self.assertTrue(any(i < publish for i in places(["fsync"], rf"^\d+<{self.to}/current>$")))
        # The record of the run comes last.
        record = places(["renameat"], rf"<{self.to}/control/runs>")[-1]
        self.assertLess(said[0], record)
        return max(parents)

    def assert_retention(self, calls, path, published, generation):
        """The displaced generation is safe in older/ before anything is removed, and what is
        removed is removed after the new one is on disk."""
        folder = self.copy_of(path)
        kind, name = folder.parent.name, folder.name
        older = re.escape(f"{self.to}/older/{kind}/{name}")
        staging = f"{self.to}/control/staging"
        retired = [i for i, call in enumerate(calls) if call.name == "renameat2" and re.search(
            rf'<{staging}>, "{kind}\.{name}", \d+<{older}>, "{generation}"', call.arguments)]
        self.assertEqual(len(retired), 1)
        self.assertLess(published, retired[0])
        synced = [i for i, call in enumerate(calls) if call.name == "fsync" and
                  re.search(rf"^\d+<{older}>$", call.arguments)]
        self.assertTrue(any(i > retired[0] for i in synced))
        condemned = [i for i, call in enumerate(calls) if call.name == "renameat2" and
                     re.search(rf'<{older}>, "{generation}", \d+<{staging}>', call.arguments)]
        self.assertEqual(len(condemned), 1)
        self.assertGreater(condemned[0], min(i for i in synced if i > retired[0]))
        unlinked = [i for i, call in enumerate(calls) if call.name == "unlinkat" and
                    i > published and f"{staging}/{kind}.{name}" in call.arguments and
                    not call.failed]
        self.assertTrue(unlinked)
        self.assertGreater(min(unlinked), condemned[0])
        # Nothing is taken apart where generations are looked for.
        self.assertEqual([str(call) for call in calls if call.name == "unlinkat" and re.search(
            rf"<{self.to}/(current|older)[/>]", call.arguments)], [])


if __name__ == "__main__":
    main()
