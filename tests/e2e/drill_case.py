"""What the tests of repo-restore share: a repository of each kind, its copies, drills and damage."""
import hashlib
import os
import re
import unittest

from faults import make_git
from support import RESTORE, Case, make_hg, make_svn, must, read_json, run, validate


class DrillCase(Case):
    """Each kind once, dumped into `to`."""

    templates = None  # made once, and copied for each test: hg alone takes seconds

    @classmethod
    def make_templates(cls):
        folder = cls.make_tmp(unittest.addModuleCleanup)
        make_svn(folder / "alpha", 3)
        make_hg(folder / "beta", 4)
        gamma = make_git(folder / "gamma", 2)
        git = ("git", "-C", gamma, "-c", "user.name=x", "-c", "user.email=x@localhost")
        must(*git, "branch", "side", "HEAD~1")
        must(*git, "tag", "-a", "-m", "v1", "v1")
        return folder

    def setUp(self):
        super().setUp()
        if not DrillCase.templates:
            DrillCase.templates = self.make_templates()
        must("cp", "-aT", DrillCase.templates, self.src)
        self.sources = tuple(self.src / name for name in ("alpha", "beta", "gamma"))
        self.alpha, self.beta, self.gamma = self.sources

    def dump_all(self, code=0):
        self.assert_code(self.dump(self.scan()), code)

    def restore(self, *words, code=0, before=(), **keywords):
        done = run(*before, RESTORE, *words, "--from", self.to, **keywords)
        self.assert_code(done, code)
        return done

    def drill(self, *words, code=0, **keywords):
        """The result lines by the path of their source, and the summary."""
        done = self.restore("--drill", *(words or ["--all"]), "--json", code=code, **keywords)
        lines = done.json_lines()
        for line in lines:
            validate(line, "restore")
        return {line["path"]: line for line in lines[:-1]}, lines[-1]

    def proof_of(self, source):
        folder = self.copy_of(source)
        path = self.to / "control/proofs" / folder.parent.name / f"{folder.name}.json"
        proof = read_json(path)
        validate(proof, "proof")
        return proof

    def ledger(self):
        lines = run("cat", self.to / "control/ledger").json_lines()
        for line in lines:
            validate(line, "ledger")
        return lines

    def assert_scratch_is_empty(self, folder=None):
        self.assertEqual(sorted(os.listdir(folder or self.to / "control/drill")),
                         [".repo-backup", "CACHEDIR.TAG", "lock"])


def flip_byte(path, at=0):
    with open(path, "r+b") as file:
        file.seek(at)
        byte = file.read(1)
        file.seek(at)
        file.write(bytes([byte[0] ^ 1]))


def reseal(folder):
    """Makes the digests of a generation fit what is in its data/ now, as somebody could who has
    altered it on purpose, or a program that copied it wrongly and hashed what it had copied."""
    sums = []
    for line in (folder / "SHA256SUMS").read_bytes().splitlines():
        name = line[66:].decode()
        if (folder / name).exists():
            sums.append(f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}\n")
    (folder / "SHA256SUMS").write_text("".join(sums))
    record = (folder / "item.json").read_text()
    digest = hashlib.sha256((folder / "SHA256SUMS").read_bytes()).hexdigest()
    record = re.sub(r'"SHA256SUMS": "\w+"', f'"SHA256SUMS": "{digest}"', record)
    record = re.sub(r'"files": \d+', f'"files": {len(sums)}', record)
    reseal_record(folder, record)


def reseal_record(folder, record):
    end = ',\n "record_sha256": "'
    text = record[:record.rindex(end)]
    digest = hashlib.sha256(text.encode()).hexdigest()
    (folder / "item.json").write_text(f'{text}{end}{digest}"\n}}\n')
