package dev.zmalloc.bench;

import dev.zmalloc.RawZMalloc;
import dev.zmalloc.ZMalloc;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Group;
import org.openjdk.jmh.annotations.GroupThreads;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** What reading the used memory costs: alone, and beside two threads that take and free without pause. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@State(Scope.Benchmark)
public class UsedMemoryBench {
    @Benchmark
    public long quiet() {
        return ZMalloc.zmallocUsedMemory();
    }

    @Benchmark
    @Group("written")
    @GroupThreads(1)
    public long writtenRead() {
        return ZMalloc.zmallocUsedMemory();
    }

    @Benchmark
    @Group("written")
    @GroupThreads(2)
    public void writtenWrite() {
        RawZMalloc.zfree(RawZMalloc.zmalloc(100), 100);
    }
}
