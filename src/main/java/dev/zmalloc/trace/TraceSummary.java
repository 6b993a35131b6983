package dev.zmalloc.trace;

import java.io.IOException;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * What a pass over a whole trace tells of it; the pass also finds damage before anything is replayed.
 *
 * @param requests how many there are
 * @param uniqueKeys how many keys
 * @param uniqueBytes sizes of all keys, each once, at the size it had last
 * @param requestedBytes sizes of all requests
 * @param sized whether the trace knows sizes; otherwise every value has the size that the caller chose
 * @param history the requests themselves, where they were kept
 */
public record TraceSummary(
        long requests,
        int uniqueKeys,
        long uniqueBytes,
        long requestedBytes,
        boolean sized,
        @Nullable History history) {

    /**
     * The requests of a trace in memory, 4 bytes each, for what must know the future.
     *
     * @param keys number of each request's key, counted from 0 in order of appearance
     * @param sizes of each key's value, in bytes, by its number
     */
    @SuppressWarnings("ArrayRecordComponent") // Handed on, never compared.
    public record History(int[] keys, int[] sizes) {}

    /**
     * Reads a whole trace.
     *
     * @param unitBytes the size of every value where the trace knows none
     * @param keep whether to keep the requests
     * @param listener told of bytes of the file; if it says no, the pass ends early
     * @throws TraceException if the trace is damaged, holds no request, or is to be kept and does not fit the heap
     */
    public static TraceSummary of(TraceFile file, int unitBytes, boolean keep, StepListener listener)
            throws IOException {
        try (TraceReader reader = file.open()) {
            TraceSummary summary = new Pass(unitBytes, keep).over(reader, listener);
            if (summary.requests() == 0) {
                throw new TraceException(file.path(), "", "holds no request", null);
            }
            return summary;
        } catch (OutOfMemoryError e) {
            throw new TraceException(
                    file.path(),
                    "",
                    "its keys, " + (keep ? "or its requests, which the reference lines need, " : "")
                            + "do not fit the Java heap; give it a larger one (-Xmx)",
                    null);
        }
    }

    private static final class Pass {
        private final int unitBytes;
        private final boolean keep;
        private final KeyIndex index = new KeyIndex();
        private int[] sizes = new int[1 << 10];
        private int[] keys = new int[1 << 10];
        private long requests;
        private long requestedBytes;
        private boolean sized;

        Pass(int unitBytes, boolean keep) {
            this.unitBytes = unitBytes;
            this.keep = keep;
        }

        TraceSummary over(TraceReader reader, StepListener listener) throws IOException {
            boolean proceed = true;
            while (proceed && reader.next()) {
                take(reader.key(), reader.valueBytes());
                proceed = requests % StepListener.STEP != 0 || listener.proceed(reader.fileBytesRead());
            }
            long uniqueBytes = 0;
            for (int key = 0; key < index.size(); key++) {
                uniqueBytes += sizes[key];
            }
            History history =
                    keep ? new History(Arrays.copyOf(keys, (int) requests), Arrays.copyOf(sizes, index.size())) : null;
            return new TraceSummary(requests, index.size(), uniqueBytes, requestedBytes, sized, history);
        }

        private void take(long key, int valueBytes) {
            int number = index.numberOf(key);
            int bytes = valueBytes == TraceReader.NO_SIZE ? unitBytes : valueBytes;
            sized |= valueBytes != TraceReader.NO_SIZE;
            if (number == sizes.length) {
                sizes = Arrays.copyOf(sizes, 2 * number);
            }
            sizes[number] = bytes;
            if (keep) {
                if (requests == keys.length) {
                    if (keys.length == 1 << 30) {
                        throw new OutOfMemoryError("more requests than an array holds");
                    }
                    keys = Arrays.copyOf(keys, 2 * keys.length);
                }
                keys[(int) requests] = number;
            }
            requests++;
            requestedBytes += bytes;
        }
    }
}
