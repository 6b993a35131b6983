package dev.zmalloc;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** A folder that looks like the root of a Linux system, as far as the limits of memory are read from it. */
record SystemFolder(Path root) {
    /** What version 1 shows where there is no limit: the largest multiple of 4 KiB. */
    static final String V1_UNLIMITED = "9223372036854771712";

    static final String V1_MOUNT =
            "35 31 0:32 / /sys/fs/cgroup/memory rw,nosuid shared:9 master:3 - cgroup cgroup rw,memory";
    static final String V1_CPU_MOUNT = "32 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu";
    static final String V2_MOUNT = "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate";
    static final String V2_HYBRID_MOUNT = "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw";

    /** Writes a file, with its folders. */
    SystemFolder file(String path, String... lines) {
        try {
            Path file = root.resolve(path);
            Files.createDirectories(file.getParent());
            Files.writeString(file, String.join("\n", lines) + "\n", StandardCharsets.UTF_8);
            return this;
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    SystemFolder groups(String... lines) {
        return file("proc/self/cgroup", lines);
    }

    SystemFolder mounts(String... lines) {
        return file("proc/self/mountinfo", lines);
    }

    SystemFolder physical(long kilobytes) {
        return file("proc/meminfo", "MemTotal:       " + kilobytes + " kB", "MemFree:           12 kB");
    }

    /** The limit of a group of version 1. */
    SystemFolder v1(String group, String limit) {
        return file("sys/fs/cgroup/memory/" + group + "/memory.limit_in_bytes", limit);
    }

    /** The limit of a group of version 2. */
    SystemFolder v2(String group, String limit) {
        return file("sys/fs/cgroup/" + group + "/memory.max", limit);
    }
}
