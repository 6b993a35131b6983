package dev.zmalloc.jcache;

import java.time.Duration;
import java.util.function.Supplier;
import javax.cache.expiry.EternalExpiryPolicy;
import javax.cache.expiry.ExpiryPolicy;
import org.jspecify.annotations.Nullable;

/** How long entries live, as a policy says. Where it throws, it is as if it had nothing to say. */
final class ExpiryTimes {
    static final Duration FOREVER = Duration.ofMillis(Long.MAX_VALUE);

    private final ExpiryPolicy policy;
    private final boolean isEternal;

    ExpiryTimes(ExpiryPolicy policy) {
        this.policy = policy;
        isEternal = policy.getClass() == EternalExpiryPolicy.class;
    }

    /** Whether no entry ever expires. */
    boolean isEternal() {
        return isEternal;
    }

    Duration created() {
        Duration duration = isEternal ? FOREVER : duration(policy::getExpiryForCreation);
        return duration == null ? FOREVER : duration;
    }

    /** Of an entry whose value is replaced; {@code null} if that changes nothing. */
    @Nullable
    Duration updated() {
        return isEternal ? null : duration(policy::getExpiryForUpdate);
    }

    /** Of an entry that is read; {@code null} if that changes nothing. */
    @Nullable
    Duration accessed() {
        return isEternal ? null : duration(policy::getExpiryForAccess);
    }

    private static @Nullable Duration duration(Supplier<javax.cache.expiry.@Nullable Duration> answer) {
        javax.cache.expiry.Duration duration;
        try {
            duration = answer.get();
        } catch (RuntimeException e) {
            return null;
        }
        if (duration == null) {
            return null;
        }
        return duration.isEternal()
                ? FOREVER
                : Duration.ofMillis(duration.getTimeUnit().toMillis(duration.getDurationAmount()));
    }

    void close() {
        Closing.close(policy);
    }
}
