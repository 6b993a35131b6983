package dev.zmalloc.store;

import dev.zmalloc.table.EntryPins;
import org.jspecify.annotations.Nullable;

/**
 * The entry that a change took out of a stripe, pinned, for who asks for it. Whoever made this, and has the change
 * behind it, unpins.
 */
final class LeftEntry {
    private final Interest inLive;
    private final boolean isDeadWanted;
    private @Nullable Stripe stripe;
    private int pin;
    private boolean isDead;
    private boolean hasLeft;

    /** What an entry is asked for. */
    enum Interest {
        NONE,
        COPY,
        WHOLE
    }

    /**
     * Takes no entry yet.
     *
     * @param inLive what one that lives is to be taken for
     * @param isDeadWanted whether one that has expired is to be taken
     */
    LeftEntry(Interest inLive, boolean isDeadWanted) {
        this.inLive = inLive;
        this.isDeadWanted = isDeadWanted;
    }

    /**
     * Pins an entry that is about to leave its stripe, or has left and is not retired yet, if anybody wants it. Under
     * the lock.
     */
    void take(Stripe from, EntryPins pins, long entry, boolean dead) {
        if (dead ? !isDeadWanted : inLive == Interest.NONE) {
            return;
        }
        pin = !dead && inLive == Interest.COPY ? pins.pinForCopy(entry) : pins.pin(entry);
        isDead = dead;
        stripe = from;
    }

    /** Takes note that the entry, if there is one, has left. */
    void left() {
        hasLeft = true;
    }

    /** The stripe that an entry left; {@code null} if none did. */
    @Nullable
    Stripe stripe() {
        return hasLeft ? stripe : null;
    }

    int pin() {
        return pin;
    }

    boolean isDead() {
        return isDead;
    }

    /** After an attempt: takes the pin off, unless the entry has left. */
    void keepIfLeft() {
        if (!hasLeft) {
            letGo();
        }
    }

    /** Takes the pin off, if there is one. */
    void letGo() {
        Stripe left = stripe;
        if (left != null) {
            stripe = null;
            left.unpin(pin);
        }
    }
}
