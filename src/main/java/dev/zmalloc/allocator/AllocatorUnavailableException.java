package dev.zmalloc.allocator;

/** Says that the allocator asked for cannot be had: what was tried, why each attempt failed, and what would help. */
public class AllocatorUnavailableException extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final String report;

    /** Creates one with the whole report as its message. */
    public AllocatorUnavailableException(String report) {
        super(report);
        this.report = report;
    }

    /** Creates one with the whole report as its message, and what brought it about. */
    public AllocatorUnavailableException(String report, Throwable cause) {
        super(report, cause);
        this.report = report;
    }

    /** The whole report; never null. */
    @Override
    public String getMessage() {
        return report;
    }
}
