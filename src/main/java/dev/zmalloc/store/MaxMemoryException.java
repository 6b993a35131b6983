package dev.zmalloc.store;

import dev.zmalloc.MemoryAccount;

/**
 * A store had no room for an entry: its limit would be passed, and eviction could not make room. The store is as it
 * was, but for what was evicted in the attempt.
 */
public final class MaxMemoryException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** The bytes that the entry needs. */
    private final long requestedBytes;

    /** The bytes in use when it was refused. */
    private final long usedMemory;

    /** The limit in bytes. */
    private final long maxMemory;

    /** The length of the key in bytes. */
    private final int keyBytes;

    MaxMemoryException(String reason, long requestedBytes, long usedMemory, long maxMemory, int keyBytes) {
        super(reason + ": " + requestedBytes + " bytes are needed, and " + usedMemory + " of " + maxMemory
                + " are in use (key of " + keyBytes + " bytes)");
        this.requestedBytes = requestedBytes;
        this.usedMemory = usedMemory;
        this.maxMemory = maxMemory;
        this.keyBytes = keyBytes;
    }

    /** A refusal with the numbers of the account whose limit stands in the way: the store's own, or one above it. */
    static MaxMemoryException at(String reason, MemoryAccount refusing, long requestedBytes, int keyBytes) {
        return after(0, reason, refusing, requestedBytes, keyBytes);
    }

    /** The same where {@code takenBytes} of the entry are taken already, with the numbers once they are given back. */
    static MaxMemoryException after(
            long takenBytes, String reason, MemoryAccount refusing, long lackingBytes, int keyBytes) {
        return new MaxMemoryException(
                reason + " in " + refusing.path(),
                takenBytes + lackingBytes,
                refusing.usedMemory() - takenBytes,
                refusing.maxMemory(),
                keyBytes);
    }

    /** The usable bytes that the entry would take. */
    public long requestedBytes() {
        return requestedBytes;
    }

    /** The bytes in use when the entry was refused. */
    public long usedMemory() {
        return usedMemory;
    }

    /** The store's limit in bytes. */
    public long maxMemory() {
        return maxMemory;
    }

    /** The length of the entry's key in bytes. */
    public int keyBytes() {
        return keyBytes;
    }
}
