// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace fairlead::network {

/// Links of an element of IntrusiveList; an element is in at most one list at a time.
template <typename T>
struct Links {
    T* previous = nullptr;
    T* next = nullptr;
    void* list = nullptr;
};

/// A first-in, first-out list of elements with a member `links`, from which any can be taken.
template <typename T>
class IntrusiveList {
public:
    T* front() const noexcept { return front_; }
    bool empty() const noexcept { return front_ == nullptr; }

    void pushBack(T& element) noexcept {
        element.links.previous = back_;
        element.links.next = nullptr;
        element.links.list = this;
        (back_ == nullptr ? front_ : back_->links.next) = &element;
        back_ = &element;
    }

    /// Nothing when the element is in another list or in none.
    void remove(T& element) noexcept {
        if (element.links.list != this) {
            return;
        }
        Links<T>& links = element.links;
        (links.previous == nullptr ? front_ : links.previous->links.next) = links.next;
        (links.next == nullptr ? back_ : links.next->links.previous) = links.previous;
        links = Links<T>{};
    }

private:
    T* front_ = nullptr;
    T* back_ = nullptr;
};

} // namespace fairlead::network
