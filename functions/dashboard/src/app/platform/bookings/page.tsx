import { Bookings } from "@/view/platform/bookings/bookings";

export default function Page() {
  return <Bookings />;
}
