package dev.zmalloc.allocator;

/** Says that the allocator asked for cannot be had: what was tried, why each attempt failed, and what would help. */
public class AllocatorUnavailableException extends RuntimeException {
    private static final long serialVersionUID = 1;

    /** Creates one with the whole report as its message. */
    public AllocatorUnavailableException(String message) {
        super(message);
    }

    /** Creates one with the whole report as its message, and what brought it about. */
    public AllocatorUnavailableException(String message, Throwable cause) {
        super(message, cause);
    }
}
