package dev.zmalloc;

import dev.zmalloc.event.Telemetry;

/**
 * Native memory ran out: the backing allocator had none to give, or the size asked for is none that memory can have.
 *
 * <p>The message is the line that Redis prints: {@code zmalloc: Out of memory trying to allocate N bytes}. {@code N} is
 * unsigned, as a C {@code size_t} is, so that a negative request shows as the huge number that it stands for.
 */
public final class NativeOutOfMemoryError extends OutOfMemoryError {
    private static final long serialVersionUID = 1L;

    /** The bytes asked for. */
    private final long requestedBytes;

    /** The bytes in use when the request failed. */
    private final long usedMemory;

    /** Makes the error for a request of {@code requestedBytes}, to be read as unsigned, that failed now. */
    public NativeOutOfMemoryError(long requestedBytes) {
        super(message(requestedBytes));
        this.requestedBytes = requestedBytes;
        this.usedMemory = ZMalloc.zmallocUsedMemory();
        Telemetry.present().outOfMemory(requestedBytes, usedMemory);
    }

    /** The size asked for, in bytes, to be read as unsigned. */
    public long requestedBytes() {
        return requestedBytes;
    }

    /** What {@link ZMalloc#zmallocUsedMemory()} told when the request failed, in bytes. */
    public long usedMemory() {
        return usedMemory;
    }

    static String message(long requestedBytes) {
        return "zmalloc: Out of memory trying to allocate " + Long.toUnsignedString(requestedBytes) + " bytes";
    }
}
