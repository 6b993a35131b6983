package dev.zmalloc.bench.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.zmalloc.bench.store.EntryBytes.Point;
import dev.zmalloc.bench.store.EntryBytes.Points;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("process")
class EntryBytesTest {
    @Test
    void readsItsOwnLinesAndNoOthers() {
        Point one = new Point(8, 16, 700_000, 24.5);
        Point other = new Point(16, 16, 800_000, 27.5);
        Points points = Points.parse(one.line() + "\nWARNING: a line of the JVM\n" + other.line() + "\n");
        assertThat(points.all()).containsExactly(one, other);
        assertThat(points.mean(point -> true)).isEqualTo(26);
        assertThat(points.meanOfCount(800_000)).isEqualTo(27.5);
        assertThat(points.worst()).isEqualTo(other);
        assertThat(points.byPayload(8)).containsExactly(new double[] {16, 24.5});
    }
}
