package dev.zmalloc;

import static dev.zmalloc.SystemFolder.V1_CPU_MOUNT;
import static dev.zmalloc.SystemFolder.V1_MOUNT;
import static dev.zmalloc.SystemFolder.V1_UNLIMITED;
import static dev.zmalloc.SystemFolder.V2_HYBRID_MOUNT;
import static dev.zmalloc.SystemFolder.V2_MOUNT;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.OptionalLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CgroupTest {
    @TempDir
    Path root;

    private SystemFolder system;

    @BeforeEach
    void open() {
        system = new SystemFolder(root);
    }

    private OptionalLong limit() {
        return Cgroup.memoryLimit(root);
    }

    // ---- Version 2 ----

    @Test
    void v2ReadsTheGroupOfTheProcess() {
        system.groups("0::/app.slice/app.service").mounts(V2_MOUNT).v2("app.slice/app.service", "1073741824");

        assertThat(limit()).hasValue(1 << 30);
    }

    @Test
    void v2LowestOfAllLevelsCounts() {
        system.groups("0::/a/b/c")
                .mounts(V2_MOUNT)
                .v2("a", "500000")
                .v2("a/b", "max")
                .v2("a/b/c", "700000");
        assertThat(limit()).hasValue(500_000);

        system.v2("a/b", "400000");
        assertThat(limit()).hasValue(400_000);

        system.v2("a/b/c", "0");
        assertThat(limit()).as("0 is a limit").hasValue(0);
    }

    @Test
    void v2LimitOfAnotherGroupIsNotOurs() {
        system.groups("0::/a/b")
                .mounts(V2_MOUNT)
                .v2("a/b/below", "1")
                .v2("a/beside", "2")
                .v2("a/b", "max");

        assertThat(limit()).isEmpty();
    }

    /** A part of the hierarchy can be mounted elsewhere besides, for another container or for a tool. */
    @Test
    void v2MountOfAnotherPartIsPassedOver() {
        String other = "29 23 0:26 /other /mnt/other rw - cgroup2 cgroup2 rw";
        system.groups("0::/mine")
                .mounts(other, V2_MOUNT)
                .file("mnt/other/memory.max", "1000")
                .v2("mine", "2000");
        assertThat(limit()).hasValue(2_000);

        system.mounts(other);
        assertThat(limit()).as("the only mount there is").hasValue(1_000);
    }

    @Test
    void v2MaxIsNoLimit() {
        system.groups("0::/a").mounts(V2_MOUNT).v2("a", "max");

        assertThat(limit()).isEmpty();
    }

    /** In a container the group is the root of what it sees, and that has a limit of its own. */
    @Test
    void v2ContainerWithAViewOfItsOwn() {
        system.groups("0::/").mounts(V2_MOUNT).v2("", "268435456");

        assertThat(limit()).hasValue(256 << 20);
    }

    /** A container that is told its place on the host, but is shown its own part only. */
    @Test
    void v2PathThatIsNotThereEndsAtTheMountPoint() {
        system.groups("0::/docker/0123").mounts(V2_MOUNT).v2("", "268435456");
        assertThat(limit()).hasValue(256 << 20);

        system.mounts("30 23 0:26 /docker/0123 /sys/fs/cgroup rw - cgroup2 cgroup2 rw");
        assertThat(limit()).hasValue(256 << 20);

        system.groups("0::/docker/0123/inner").v2("inner", "1000");
        assertThat(limit()).hasValue(1000);
    }

    @ParameterizedTest
    @ValueSource(strings = {"/../../other", "/..", "", "/", "/../../../../etc"})
    void v2PathOutsideOfTheViewEndsAtTheMountPoint(String group) {
        system.groups("0::" + group).mounts(V2_MOUNT).v2("", "4096").file("etc/memory.max", "1");

        assertThat(limit()).hasValue(4096);
    }

    @Test
    void v2MountPointWithBlanksAndGroupWithColons() {
        system.groups("0::/a:b/ü").mounts("30 23 0:26 / /mnt/control\\040groups rw - cgroup2 none rw");
        system.file("mnt/control groups/a:b/ü/memory.max", "77777");

        assertThat(limit()).hasValue(77_777);
    }

    // ---- Version 1 ----

    @Test
    void v1ReadsTheGroupOfTheProcess() {
        system.groups("5:cpu,cpuacct:/c", "4:memory:/m").mounts(V1_CPU_MOUNT, V1_MOUNT);
        system.v1("", V1_UNLIMITED).v1("m", "536870912").v1("c", "1");

        assertThat(limit()).hasValue(512 << 20);
    }

    @Test
    void v1LowestOfAllLevelsCounts() {
        system.groups("4:memory:/a/b").mounts(V1_MOUNT);
        system.v1("", V1_UNLIMITED).v1("a", "300000").v1("a/b", V1_UNLIMITED);

        assertThat(limit()).hasValue(300_000);
    }

    @ParameterizedTest
    @ValueSource(strings = {V1_UNLIMITED, "9223372036854710272", "9223372036854775807", "18446744073709551615", "-1"})
    void v1LargestNumbersAreNoLimit(String unlimited) {
        system.groups("4:memory:/a").mounts(V1_MOUNT).v1("", unlimited).v1("a", unlimited);

        assertThat(limit()).isEmpty();
    }

    /** The group above did not count what ours uses, as kernels before 5.11 allow. */
    @Test
    void v1GroupThatDoesNotCountThoseInItDoesNotBindThem() {
        system.groups("4:memory:/a/b").mounts(V1_MOUNT).v1("a", "300000").v1("a/b", "900000");
        system.file("sys/fs/cgroup/memory/a/memory.use_hierarchy", "0");
        system.file("sys/fs/cgroup/memory/a/b/memory.use_hierarchy", "0");

        assertThat(limit()).hasValue(900_000);
    }

    /** A container is not shown the groups around its own; the kernel's sum knows of them. */
    @Test
    void v1LimitAboveWhatIsShown() {
        system.groups("4:memory:/docker/0123")
                .mounts("35 31 0:32 /docker/0123 /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory");
        system.v1("", "900000")
                .file("sys/fs/cgroup/memory/memory.stat", "cache 1", "hierarchical_memory_limit 800000", "rss 2");
        assertThat(limit()).hasValue(800_000);

        system.file("sys/fs/cgroup/memory/memory.stat", "hierarchical_memory_limit " + V1_UNLIMITED);
        assertThat(limit()).hasValue(900_000);
    }

    // ---- Both at once ----

    @Test
    void hybridTakesTheHierarchyThatHasTheMemoryController() {
        system.groups("4:memory:/m", "1:name=systemd:/s", "0::/s").mounts(V1_MOUNT, V2_HYBRID_MOUNT);
        system.v1("m", "123456").file("sys/fs/cgroup/unified/s/cgroup.procs", "1");
        assertThat(limit()).hasValue(123_456);

        system.v1("m", V1_UNLIMITED);
        assertThat(limit()).isEmpty();
    }

    // ---- What is not there, or not as it should be ----

    @Test
    void nothingThereIsNoLimit() {
        assertThat(limit()).isEmpty();

        system.groups("0::/a", "4:memory:/m");
        assertThat(limit()).as("nothing mounted").isEmpty();

        system.mounts(V1_MOUNT, V2_HYBRID_MOUNT);
        assertThat(limit()).as("mounted, but no files").isEmpty();
    }

    @Test
    void garbageIsNoLimitAndHidesNone() {
        system.groups("", "garbage", "::", "x:memory", "0::/a/b", "\u0000:memory:\u0000")
                .mounts(
                        "",
                        "-",
                        "1 2 3",
                        "1 2 0:1 / - cgroup2",
                        "1 2 0:1 / relative rw - cgroup2 cgroup2 rw",
                        "1 2 0:1 / / rw - cgroup2",
                        V2_MOUNT)
                .v2("a/b", "lots")
                .v2("a", " 5000 ");
        assertThat(limit()).hasValue(5000);

        system.v2("a", "");
        assertThat(limit()).isEmpty();
    }

    @Test
    void folderInPlaceOfAFileIsNoLimit() {
        system.groups("0::/a").mounts(V2_MOUNT).v2("a/memory.max", "1");

        assertThat(limit()).isEmpty();
    }
}
