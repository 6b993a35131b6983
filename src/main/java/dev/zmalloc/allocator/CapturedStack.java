package dev.zmalloc.allocator;

/** A calling stack, in a form that was cheap to get. */
sealed interface CapturedStack permits AllocationSite, AllocationSite.Whole, AllocationSite.Innermost {
    /** Where in the program that is. Takes some microseconds unless it is one already. */
    AllocationSite site();
}
