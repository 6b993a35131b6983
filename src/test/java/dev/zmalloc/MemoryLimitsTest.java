package dev.zmalloc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.ResourceBundle;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MemoryLimitsTest {
    private static final long GIB = 1L << 30;

    @TempDir
    Path root;

    private final List<String> warnings = new ArrayList<>();
    private final AtomicBoolean warned = new AtomicBoolean();
    private SystemFolder system;

    @BeforeEach
    void open() {
        system = new SystemFolder(root);
    }

    @Test
    void smallerOfMachineAndGroupIsAvailable() {
        system.physical(8 << 20);
        assertThat(MemoryLimits.read(root).physicalBytes()).hasValue(8 * GIB);
        assertThat(MemoryLimits.read(root).cgroupBytes()).isEmpty();
        assertThat(MemoryLimits.read(root).availableBytes()).hasValue(8 * GIB);

        system.groups("0::/a").mounts(SystemFolder.V2_MOUNT).v2("a", Long.toString(2 * GIB));
        assertThat(MemoryLimits.read(root).availableBytes()).hasValue(2 * GIB);

        system.v2("a", Long.toString(64 * GIB));
        assertThat(MemoryLimits.read(root).cgroupBytes()).hasValue(64 * GIB);
        assertThat(MemoryLimits.read(root).availableBytes()).hasValue(8 * GIB);
    }

    @Test
    void nothingKnownIsEmpty() {
        assertThat(MemoryLimits.read(root).availableBytes()).isEmpty();

        system.file("proc/meminfo", "MemTotal:  many kB");
        assertThat(MemoryLimits.read(root).physicalBytes()).isEmpty();
        system.file("proc/meminfo", "MemTotal:kB", "MemTotal");
        assertThat(MemoryLimits.read(root).physicalBytes()).isEmpty();
        system.file("proc/meminfo", "MemTotal: " + Long.MAX_VALUE + " kB");
        assertThat(MemoryLimits.read(root).physicalBytes()).isEmpty();

        system.groups("0::/a").mounts(SystemFolder.V2_MOUNT).v2("a", Long.toString(GIB));
        assertThat(MemoryLimits.read(root).availableBytes()).hasValue(GIB);
    }

    @Test
    void knowsThisMachine() {
        MemoryLimits limits = MemoryLimits.read();

        assertThat(limits.physicalBytes().orElseThrow()).isGreaterThan(256 << 20);
        assertThat(limits.availableBytes().orElseThrow())
                .isBetween(1L << 20, limits.physicalBytes().orElseThrow());
    }

    @Test
    void aLimitIsASizeOrAShareOfWhatTheProcessCanHave() {
        system.physical(8 << 20);
        MemoryLimits limits = MemoryLimits.read(root);
        assertThat(limits.parseLimit("256mb")).isEqualTo(256 << 20);
        assertThat(limits.parseLimit("1000")).isEqualTo(1_000);
        assertThat(limits.parseLimit("1k")).isEqualTo(1_000);
        assertThat(limits.parseLimit("0")).isZero();
        assertThat(limits.parseLimit(" 100% ")).isBetween(8 * GIB - 100, 8 * GIB);
        assertThat(limits.parseLimit("70 %")).isBetween(8 * GIB / 100 * 70 - 100, 8 * GIB / 100 * 70 + 100);
        assertThat(limits.parseLimit("1%")).isEqualTo(8 * GIB / 100);

        system.groups("0::/a").mounts(SystemFolder.V2_MOUNT).v2("a", Long.toString(2 * GIB));
        assertThat(MemoryLimits.read(root).parseLimit("50%"))
                .as("of the group's")
                .isBetween(GIB - 100, GIB);
        assertThat(MemoryLimits.parse("1gb")).isEqualTo(GIB);
        assertThat(MemoryLimits.parse("50%")).isPositive();
    }

    @Test
    void whatIsNoLimitIsRefused() {
        system.physical(8 << 20);
        MemoryLimits limits = MemoryLimits.read(root);
        for (String wrong : List.of(
                "", "%", "0%", "101%", "999%", "1000%", "-5%", "1.5%", "7e1%", "70%%", "x%", "+7%", "mb", "-1",
                "1 0")) {
            assertThatThrownBy(() -> limits.parseLimit(wrong))
                    .as("'%s'", wrong)
                    .isInstanceOf(IllegalArgumentException.class);
        }
        assertThatThrownBy(() -> limits.parseLimit("\u001b[31m5%"))
                .hasMessage("'?[31m5%' is not a share from 1% to 100%");
        assertThatThrownBy(() -> new MemoryLimits(OptionalLong.empty(), OptionalLong.empty()).parseLimit("50%"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("not known");
        assertThat(new MemoryLimits(OptionalLong.of(Long.MAX_VALUE), OptionalLong.empty()).parseLimit("100%"))
                .isPositive();
    }

    @Test
    void warnsOnceAndTellsTheFigures() {
        system.physical(8 << 20);

        assertThat(warn(5 * GIB, 4 * GIB)).isTrue();
        assertThat(warn(6 * GIB, 4 * GIB)).isFalse();

        assertThat(warnings)
                .singleElement()
                .asString()
                .contains("5.0 GiB for native memory", "heap of up to 4.0 GiB", "8.0 GiB that the machine has");
    }

    @Test
    void tellsThatItIsTheGroup() {
        system.physical(64 << 20).groups("0::/a").mounts(SystemFolder.V2_MOUNT).v2("a", Long.toString(2 * GIB));

        assertThat(warn(GIB, GIB + 1)).isTrue();
        assertThat(warnings.getFirst()).contains("2.0 GiB that the process' cgroup allows");
    }

    @Test
    void whatFitsIsNotWarnedOf() {
        assertThat(warn(GIB, GIB)).as("nothing known").isFalse();
        system.physical(8 << 20);

        assertThat(warn(4 * GIB, 4 * GIB)).isFalse();
        assertThat(warn(0, 100 * GIB)).as("no limit").isFalse();
        assertThat(warn(-1, 100 * GIB)).isFalse();
        assertThat(warnings).isEmpty();
        assertThat(warned).isFalse();
    }

    @Test
    void hugeNumbersDoNotOverflow() {
        system.physical(8 << 20);

        assertThat(warn(Long.MAX_VALUE, Long.MAX_VALUE)).isTrue();
    }

    private boolean warn(long nativeLimit, long heapBytes) {
        return MemoryLimits.warnIfOvercommitted(nativeLimit, heapBytes, root, new Warnings(), warned);
    }

    /** Keeps what is logged. */
    private final class Warnings implements System.Logger {
        @Override
        public String getName() {
            return "test";
        }

        @Override
        public boolean isLoggable(Level level) {
            return true;
        }

        @Override
        public void log(Level level, @Nullable ResourceBundle bundle, String message, @Nullable Throwable thrown) {
            warnings.add(message);
        }

        @Override
        public void log(Level level, @Nullable ResourceBundle bundle, String format, @Nullable Object... arguments) {
            assertThat(level).isEqualTo(Level.WARNING);
            assertThat(arguments).isNullOrEmpty();
            warnings.add(format);
        }
    }
}
